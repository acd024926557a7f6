package main

import (
	"context"
	"errors"
	"io"
	gofs "io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

// memoryFS walks a list of paths as fsutil's own FS walks a disk: the list is in the walk's order, names sorted by their
// bytes, and a directory's path ends in a slash.
type memoryFS struct {
	paths []string
}

func newMemoryFS(paths []string) fsutil.FS {
	return memoryFS{paths: paths}
}

func (m memoryFS) Walk(_ context.Context, _ string, fn gofs.WalkDirFunc) error {
	skipped := ""
	for _, listed := range m.paths {
		if skipped != "" && strings.HasPrefix(listed, skipped) {
			continue
		}
		path, isDir := strings.CutSuffix(listed, "/")
		stat := &types.Stat{Path: path, Mode: 0o644}
		if isDir {
			stat.Mode = uint32(os.ModeDir | 0o755)
		}
		err := fn(path, &fsutil.DirEntryInfo{Stat: stat}, nil)
		if errors.Is(err, filepath.SkipDir) && isDir {
			skipped = listed
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m memoryFS) Open(string) (io.ReadCloser, error) {
	return nil, os.ErrNotExist
}

func walkOnDisk(paths []string, ignore string) (answer, error) {
	root, err := os.MkdirTemp("", "context-conformance-")
	if err != nil {
		return answer{}, err
	}
	defer os.RemoveAll(root)
	for _, listed := range paths {
		path, isDir := strings.CutSuffix(listed, "/")
		if isDir {
			err = os.Mkdir(filepath.Join(root, path), 0o755)
		} else {
			err = os.WriteFile(filepath.Join(root, path), nil, 0o644)
		}
		if err != nil {
			return answer{}, err
		}
	}
	fs, err := fsutil.NewFS(root)
	if err != nil {
		return answer{}, err
	}
	return walk(fs, ignore), nil
}
