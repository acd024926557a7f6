// Answers which paths BuildKit's client would send of a context: the ignore file is read by moby's ignorefile, the walk is
// fsutil's filter as filesync uses it. One JSON case per line in, one JSON answer per line out.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	gofs "io/fs"
	"os"
	"slices"

	"github.com/moby/patternmatcher/ignorefile"
	"github.com/tonistiigi/fsutil"
)

// Strings carry one byte per character, as paths and ignore files need not be UTF-8.
type question struct {
	Ignore string   `json:"ignore"`
	Tree   []string `json:"tree"`
}

type answer struct {
	Paths []string `json:"paths"`
	Error string   `json:"error,omitempty"`
}

func main() {
	disk := flag.Bool("disk", false, "make each tree on disk too, and fail if the walk there differs")
	flag.Parse()
	// text/scanner, which reads the patterns, reports every byte that is not UTF-8.
	stderr := os.Stderr
	os.Stderr, _ = os.Open(os.DevNull)
	if err := run(*disk); err != nil {
		fmt.Fprintln(stderr, err)
		os.Exit(1)
	}
}

func run(disk bool) error {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for in.Scan() {
		// An empty line asks for everything answered so far.
		if len(in.Bytes()) == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
			continue
		}
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			return err
		}
		for i := range q.Tree {
			q.Tree[i] = toBytes(q.Tree[i])
		}
		a := walk(newMemoryFS(q.Tree), toBytes(q.Ignore))
		if disk {
			onDisk, err := walkOnDisk(q.Tree, toBytes(q.Ignore))
			if err != nil {
				return err
			}
			if !slices.Equal(a.Paths, onDisk.Paths) || (a.Error == "") != (onDisk.Error == "") {
				return fmt.Errorf("memory and disk differ for %q: %q and %q", q, a, onDisk)
			}
		}
		for i := range a.Paths {
			a.Paths[i] = fromBytes(a.Paths[i])
		}
		if err := encoder.Encode(a); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	return out.Flush()
}

func walk(fs fsutil.FS, ignore string) answer {
	patterns, err := ignorefile.ReadAll(bytes.NewReader([]byte(ignore)))
	if err != nil {
		return answer{Error: err.Error()}
	}
	filtered, err := fsutil.NewFilterFS(fs, &fsutil.FilterOpt{ExcludePatterns: patterns})
	if err != nil {
		return answer{Error: err.Error()}
	}
	a := answer{Paths: []string{}}
	err = filtered.Walk(context.Background(), "", func(path string, _ gofs.DirEntry, err error) error {
		a.Paths = append(a.Paths, path)
		return err
	})
	if err != nil {
		return answer{Error: err.Error()}
	}
	return a
}

func toBytes(text string) string {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		b = append(b, byte(r))
	}
	return string(b)
}

func fromBytes(raw string) string {
	runes := make([]rune, 0, len(raw))
	for i := range len(raw) {
		runes = append(runes, rune(raw[i]))
	}
	return string(runes)
}
