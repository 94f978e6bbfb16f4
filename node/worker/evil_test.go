package worker_test

func evil(string) {}
