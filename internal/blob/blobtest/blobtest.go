// Package blobtest is what every [blob.Store] must hold.
package blobtest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/locus-genomics/locus/internal/blob"
)

// Run tests the stores that open returns. Called twice in one test, open MUST
// return the same store anew, as after a restart.
func Run(t *testing.T, open func(t *testing.T) func() blob.Store) {
	item := bytes.Repeat([]byte("acgt"), 1000)
	id := blob.ID(sha256.Sum256(item))
	for _, tt := range []struct {
		name string
		test func(t *testing.T, reopen func() blob.Store)
	}{
		{"what was committed can be read", func(t *testing.T, reopen func() blob.Store) {
			put(t, reopen(), id, item)
			want(t, reopen(), id, 0, item)
		}},
		{"from any offset up to the end", func(t *testing.T, reopen func() blob.Store) {
			s := reopen()
			put(t, s, id, item)
			want(t, s, id, 1234, item[1234:])
			want(t, s, id, int64(len(item)), nil)
			for _, offset := range []int64{-1, int64(len(item)) + 1} {
				if _, _, err := s.Open(t.Context(), id, offset); !errors.Is(err, blob.ErrOffset) {
					t.Errorf("offset %d: %v, want %v", offset, err, blob.ErrOffset)
				}
			}
		}},
		{"what is not there is not found", func(t *testing.T, reopen func() blob.Store) {
			wantNone(t, reopen(), id)
		}},
		{"an item that is not committed is not there", func(t *testing.T, reopen func() blob.Store) {
			s := reopen()
			u := begin(t, s, id)
			write(t, u, item)
			wantNone(t, s, id)
			closeUpload(t, u)
			wantNone(t, reopen(), id)
		}},
		{"a write that broke off goes on where it ended", func(t *testing.T, reopen func() blob.Store) {
			u := begin(t, reopen(), id)
			write(t, u, item[:1500])
			closeUpload(t, u)
			s := reopen()
			u = begin(t, s, id)
			defer closeUpload(t, u)
			if u.Offset() != 1500 {
				t.Fatalf("goes on at %d, want 1500", u.Offset())
			}
			write(t, u, item[1500:])
			if got, err := u.Commit(); err != nil || got != id {
				t.Fatalf("commit: %x, %v", got, err)
			}
			want(t, s, id, 0, item)
		}},
		{"other bytes are refused and thrown away", func(t *testing.T, reopen func() blob.Store) {
			s := reopen()
			u := begin(t, s, id)
			write(t, u, []byte("other"))
			if _, err := u.Commit(); !errors.Is(err, blob.ErrDigest) {
				t.Fatalf("commit: %v, want %v", err, blob.ErrDigest)
			}
			closeUpload(t, u)
			wantNone(t, s, id)
			put(t, s, id, item)
		}},
		{"an item may be written before its digest is known", func(t *testing.T, reopen func() blob.Store) {
			s := reopen()
			u := begin(t, s, blob.ID{})
			write(t, u, item)
			if got, err := u.Commit(); err != nil || got != id {
				t.Fatalf("commit: %x, %v", got, err)
			}
			closeUpload(t, u)
			want(t, reopen(), id, 0, item)
		}},
		{"without a digest nothing is kept of a write that broke off", func(t *testing.T, reopen func() blob.Store) {
			u := begin(t, reopen(), blob.ID{})
			write(t, u, item)
			closeUpload(t, u)
			u = begin(t, reopen(), blob.ID{})
			defer closeUpload(t, u)
			if u.Offset() != 0 {
				t.Errorf("goes on at %d", u.Offset())
			}
		}},
		{"putting an item twice is no harm", func(t *testing.T, reopen func() blob.Store) {
			s := reopen()
			put(t, s, id, item)
			put(t, s, id, item)
			want(t, s, id, 0, item)
		}},
		{"what is stale is listed, whole or not", func(t *testing.T, reopen func() blob.Store) {
			s := reopen()
			put(t, s, id, item)
			other := blob.ID(sha256.Sum256([]byte("other")))
			u := begin(t, s, other)
			write(t, u, []byte("oth"))
			closeUpload(t, u)
			for _, tt := range []struct {
				before time.Time
				want   int
			}{{time.Now().Add(time.Hour), 2}, {time.Now().Add(-time.Hour), 0}} {
				list, err := s.Stale(t.Context(), tt.before)
				if err != nil || len(list) != tt.want || tt.want == 2 && !(slices.Contains(list, id) && slices.Contains(list, other)) {
					t.Errorf("before %s: %d items, %v", tt.before, len(list), err)
				}
			}
		}},
		{"what was deleted is gone, and may be deleted again", func(t *testing.T, reopen func() blob.Store) {
			s := reopen()
			put(t, s, id, item)
			for range 2 {
				if err := s.Delete(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
			wantNone(t, s, id)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, open(t)) })
	}
}

func begin(t *testing.T, s blob.Store, id blob.ID) blob.Upload {
	t.Helper()
	u, err := s.Begin(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func write(t *testing.T, u blob.Upload, p []byte) {
	t.Helper()
	if n, err := u.Write(p); err != nil || n != len(p) {
		t.Fatalf("wrote %d of %d: %v", n, len(p), err)
	}
}

func closeUpload(t *testing.T, u blob.Upload) {
	t.Helper()
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, s blob.Store, id blob.ID, item []byte) {
	t.Helper()
	u := begin(t, s, id)
	defer closeUpload(t, u)
	write(t, u, item)
	if _, err := u.Commit(); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, s blob.Store, id blob.ID, offset int64, item []byte) {
	t.Helper()
	r, size, err := s.Open(t.Context(), id, offset)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, item) || size != offset+int64(len(item)) {
		t.Errorf("read %d bytes of %d, want %d: %v", len(got), size, len(item), err)
	}
}

func wantNone(t *testing.T, s blob.Store, id blob.ID) {
	t.Helper()
	if r, _, err := s.Open(t.Context(), id, 0); !errors.Is(err, blob.ErrNotFound) {
		if err == nil {
			_ = r.Close()
		}
		t.Errorf("got %v, want %v", err, blob.ErrNotFound)
	}
}
