// What Go's own transparency log makes of ours: reads questions as JSON, one a line, and answers
// each with one line. It is built and asked by test/tlog/go-tlog.test.ts.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Kind string `json:"kind"`

	Name string `json:"name"`
	Key  string `json:"key"`
	Text string `json:"text"`

	From  int64             `json:"from"`
	Size  int64             `json:"size"`
	Index int64             `json:"index"`
	Level int               `json:"level"`
	Width int               `json:"width"`
	Leaf  []byte            `json:"leaf"`
	Old   []byte            `json:"old"`
	Root  []byte            `json:"root"`
	Proof [][]byte          `json:"proof"`
	Tiles map[string][]byte `json:"tiles"`
}

type answer struct {
	Error  string   `json:"error,omitempty"`
	Text   string   `json:"text,omitempty"`
	Key    string   `json:"key,omitempty"`
	Secret string   `json:"secret,omitempty"`
	Hash   []byte   `json:"hash,omitempty"`
	Proof  [][]byte `json:"proof,omitempty"`
}

func hashOf(bytes []byte) (hash tlog.Hash, err error) {
	if len(bytes) != tlog.HashSize {
		return hash, fmt.Errorf("a hash of %d bytes", len(bytes))
	}
	copy(hash[:], bytes)
	return hash, nil
}

func hashesOf(list [][]byte) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, 0, len(list))
	for _, bytes := range list {
		hash, err := hashOf(bytes)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

func bytesOf(hashes []tlog.Hash) [][]byte {
	list := make([][]byte, len(hashes))
	for i := range hashes {
		list[i] = hashes[i][:]
	}
	return list
}

// tiles serves the tiles of the question, by the path that tlog-tiles gives them.
type tiles map[string][]byte

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		bytes, ok := t[path]
		if !ok {
			return nil, fmt.Errorf("no tile %s", path)
		}
		data = append(data, bytes)
	}
	return data, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func ask(q question) (a answer, err error) {
	switch q.Kind {
	case "generate":
		a.Secret, a.Key, err = note.GenerateKey(rand.Reader, q.Name)
		return a, err

	case "sign":
		signer, err := note.NewSigner(q.Key)
		if err != nil {
			return a, err
		}
		signed, err := note.Sign(&note.Note{Text: q.Text}, signer)
		return answer{Text: string(signed)}, err

	case "note":
		verifier, err := note.NewVerifier(q.Key)
		if err != nil {
			return a, err
		}
		opened, err := note.Open([]byte(q.Text), note.VerifierList(verifier))
		if err != nil {
			return a, err
		}
		return answer{Text: opened.Text}, nil

	case "inclusion", "consistency":
		proof, err := hashesOf(q.Proof)
		if err != nil {
			return a, err
		}
		root, err := hashOf(q.Root)
		if err != nil {
			return a, err
		}
		if q.Kind == "inclusion" {
			leaf, err := hashOf(q.Leaf)
			if err != nil {
				return a, err
			}
			return a, tlog.CheckRecord(proof, q.Size, root, q.Index, leaf)
		}
		old, err := hashOf(q.Old)
		if err != nil {
			return a, err
		}
		return a, tlog.CheckTree(proof, q.Size, root, q.From, old)

	case "leaf":
		hash := tlog.RecordHash([]byte(q.Text))
		return answer{Hash: hash[:]}, nil

	case "path":
		return answer{Text: tlog.Tile{H: 8, L: q.Level, N: q.Index, W: q.Width}.Path()}, nil

	case "tiles":
		root, err := hashOf(q.Root)
		if err != nil {
			return a, err
		}
		reader := tlog.TileHashReader(tlog.Tree{N: q.Size, Hash: root}, tiles(q.Tiles))
		leaf, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, q.Index)})
		if err != nil {
			return a, err
		}
		proof, err := tlog.ProveRecord(q.Size, q.Index, reader)
		if err != nil {
			return a, err
		}
		return answer{Hash: leaf[0][:], Proof: bytesOf(proof)}, nil
	}
	return a, fmt.Errorf("no such kind %q", q.Kind)
}

// safely makes an error of a panic: it is an answer too.
func safely(q question) (a answer, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v", reason)
		}
	}()
	return ask(q)
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for in.Scan() {
		var q question
		err := json.Unmarshal(in.Bytes(), &q)
		var a answer
		if err == nil {
			a, err = safely(q)
		}
		if err != nil {
			a = answer{Error: err.Error()}
		}
		if encoder.Encode(a) != nil {
			os.Exit(1)
		}
	}
	if in.Err() != nil {
		fmt.Fprintln(os.Stderr, in.Err())
		os.Exit(1)
	}
}
