package policy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// Ending is how the files of a policy end.
const Ending = ".cedar"

// ReadDir reads the files of a policy in a folder of a file system, without the folders below
// it. Shown is how the folder is called in messages.
func ReadDir(from fs.FS, folder, shown string) (files []File, err error) {
	entries, err := fs.ReadDir(from, folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.IsDir() || path.Ext(e.Name()) != Ending || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if len(files) == maxFiles {
			return nil, fmt.Errorf("%w: %s: more than %d files", ErrPolicy, shown, maxFiles)
		}
		f, err := ReadFile(from, path.Join(folder, e.Name()), path.Join(shown, e.Name()))
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%w: %s: no file here ends in %s", ErrPolicy, shown, Ending)
	}
	return files, nil
}

// ReadFile reads one file of a policy, no further than it may be long.
func ReadFile(from fs.FS, name, shown string) (File, error) {
	text, err := readAtMost(from, name, maxFileSize)
	if errors.Is(err, errTooLarge) {
		return File{}, fmt.Errorf("%w: %s: larger than %d bytes; cut it into several files", ErrPolicy, shown, maxFileSize)
	}
	return File{Name: shown, Text: text}, err
}

var errTooLarge = errors.New("too large")

func readAtMost(from fs.FS, name string, most int64) ([]byte, error) {
	f, err := from.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = errTooLarge
	}
	return text, err
}
