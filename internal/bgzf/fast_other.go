package bgzf

func fast(z *inflater) { fastGo(z) }
