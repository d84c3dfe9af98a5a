package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/anishathalye/porcupine"
)

const forever = int64(1) << 62

func load(model, path string) (porcupine.Model, []porcupine.Operation, error) {
	known := map[string]struct {
		model porcupine.Model
		read  func(*bufio.Scanner) ([]porcupine.Operation, error)
	}{
		"register": {register, readOps},
		"kv":       {keyedRegister(), readOps},
		"cas":      {register, readOps},
		"log":      {eventLog, readOps},
		"queue":    {fifo, readOps},
		"etcd-log": {register, readEtcdLog},
		"kv-log":   {texts, readKvLog},
	}
	chosen, ok := known[model]
	if !ok {
		return porcupine.Model{}, nil, fmt.Errorf("unknown model %q", model)
	}
	file, err := os.Open(path)
	if err != nil {
		return porcupine.Model{}, nil, err
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	scanner.Buffer(make([]byte, 1<<20), 1<<26)
	history, err := chosen.read(scanner)
	return chosen.model, history, err
}

type line struct {
	Client int             `json:"client"`
	Call   int64           `json:"call"`
	Return *int64          `json:"return"`
	F      string          `json:"f"`
	Key    json.RawMessage `json:"key"`
	Value  json.RawMessage `json:"value"`
	Out    json.RawMessage `json:"out"`
}

func readOps(scanner *bufio.Scanner) ([]porcupine.Operation, error) {
	var history []porcupine.Operation
	for scanner.Scan() {
		var read line
		if err := json.Unmarshal(scanner.Bytes(), &read); err != nil {
			return nil, err
		}
		in, out := input{f: read.F, key: string(read.Key)}, output{known: read.Return != nil}
		in.value, in.to = pair(read.Value)
		if read.F == "read" && len(read.Out) > 0 && read.Out[0] == '{' {
			var prefix struct {
				Len  int64  `json:"len"`
				Hash string `json:"hash"`
			}
			if err := json.Unmarshal(read.Out, &prefix); err != nil {
				return nil, err
			}
			hash, err := strconv.ParseUint(prefix.Hash, 16, 64)
			if err != nil {
				return nil, err
			}
			out.value, out.hash = prefix.Len, hash
		} else {
			out.value, _ = pair(read.Out)
		}
		op := porcupine.Operation{ClientId: read.Client, Input: in, Call: read.Call, Output: out, Return: forever}
		if read.Return != nil {
			op.Return = *read.Return
		}
		history = append(history, op)
	}
	return history, scanner.Err()
}

// pair reads a number, a boolean, null (-1) or two numbers.
func pair(raw json.RawMessage) (int64, int64) {
	switch text := string(raw); text {
	case "", "null":
		return -1, -1
	case "true":
		return 1, -1
	case "false":
		return 0, -1
	default:
		var two [2]int64
		if json.Unmarshal(raw, &two) == nil {
			return two[0], two[1]
		}
		number, _ := strconv.ParseInt(text, 10, 64)
		return number, -1
	}
}

// pairing matches invocations with completions by process; time is the order of the lines.
type pairing struct {
	history []porcupine.Operation
	open    map[string]int
}

func (p *pairing) invoke(process string, in input, at int) {
	p.open[process] = len(p.history)
	p.history = append(p.history, porcupine.Operation{Input: in, Call: int64(at), Output: output{}, Return: forever})
}

func (p *pairing) complete(process string, out output, at int) {
	if index, ok := p.open[process]; ok {
		p.history[index].Output, p.history[index].Return = out, int64(at)
		delete(p.open, process)
	}
}

var etcdLine = regexp.MustCompile(`^INFO\s+jepsen\.util - (\d+)\s+:(\S+)\s+:(\S+)\s+(.*)$`)

func readEtcdLog(scanner *bufio.Scanner) ([]porcupine.Operation, error) {
	pairs := pairing{open: map[string]int{}}
	for at := 0; scanner.Scan(); at++ {
		match := etcdLine.FindStringSubmatch(scanner.Text())
		if match == nil {
			continue
		}
		process, kind, f, value := match[1], match[2], match[3], strings.TrimSpace(match[4])
		switch kind {
		case "invoke":
			in := input{f: f}
			in.value, in.to = edn(value)
			pairs.invoke(process, in, at)
		case "ok":
			out := output{known: true, value: 1}
			if f == "read" {
				out.value, _ = edn(value)
			}
			pairs.complete(process, out, at)
		case "fail":
			pairs.complete(process, output{known: f == "cas"}, at)
		}
	}
	return pairs.history, scanner.Err()
}

func edn(text string) (int64, int64) {
	return pair(json.RawMessage(strings.ReplaceAll(strings.Replace(text, "nil", "null", 1), " ", ",")))
}

var kvLine = regexp.MustCompile(`:process (\d+), :type :(\w+), :f :(\w+), :key "(.*?)", :value (?:nil|"(.*)")}`)

func readKvLog(scanner *bufio.Scanner) ([]porcupine.Operation, error) {
	pairs := pairing{open: map[string]int{}}
	for at := 0; scanner.Scan(); at++ {
		match := kvLine.FindStringSubmatch(scanner.Text())
		if match == nil {
			return nil, fmt.Errorf("line %d is no operation", at+1)
		}
		if match[2] == "invoke" {
			pairs.invoke(match[1], input{f: match[3], key: match[4], text: match[5]}, at)
		} else {
			pairs.complete(match[1], output{known: true, text: match[5]}, at)
		}
	}
	return pairs.history, scanner.Err()
}
