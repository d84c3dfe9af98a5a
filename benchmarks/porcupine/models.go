package main

import (
	"hash/fnv"
	"strconv"

	"github.com/anishathalye/porcupine"
)

// input and output are shared by all models; numbers are -1 where the history says null.
type input struct {
	f     string
	key   string
	text  string
	value int64
	to    int64
}

type output struct {
	text  string
	value int64
	hash  uint64
	known bool
}

// register reads, writes and swaps one number. A swap without a known outcome may have failed.
var register = porcupine.Model{
	Init: func() interface{} { return int64(-1) },
	Step: func(state, in, out interface{}) (bool, interface{}) {
		st, i, o := state.(int64), in.(input), out.(output)
		switch i.f {
		case "read":
			return !o.known || o.value == st, st
		case "write":
			return true, i.value
		default:
			if st == i.value {
				return !o.known || o.value == 1, i.to
			}
			return !o.known || o.value == 0, st
		}
	},
}

// texts is one key of a store with get, put and append.
var texts = porcupine.Model{
	Partition: byKey,
	Init:      func() interface{} { return "" },
	Step: func(state, in, out interface{}) (bool, interface{}) {
		st, i, o := state.(string), in.(input), out.(output)
		switch i.f {
		case "get":
			return !o.known || o.text == st, st
		case "put":
			return true, i.text
		default:
			return true, st + i.text
		}
	},
	Hash: func(state interface{}) uint64 {
		h := fnv.New64a()
		h.Write([]byte(state.(string)))
		return h.Sum64()
	},
}

type logState struct {
	length int64
	hash   uint64
}

// eventLog answers an append with the new length, a read with length and hash of the prefix.
var eventLog = porcupine.Model{
	Init: func() interface{} { return logState{} },
	Step: func(state, in, out interface{}) (bool, interface{}) {
		st, i, o := state.(logState), in.(input), out.(output)
		if i.f == "read" {
			return !o.known || (o.value == st.length && o.hash == st.hash), st
		}
		mixed := (st.hash ^ uint64(i.value)) * 0xff51afd7ed558ccd
		next := logState{st.length + 1, mixed ^ (mixed >> 32)}
		return !o.known || o.value == next.length, next
	},
}

// fifo keeps its values as a string, since a state has to be comparable.
var fifo = porcupine.Model{
	Init: func() interface{} { return "" },
	Step: func(state, in, out interface{}) (bool, interface{}) {
		st, i, o := state.(string), in.(input), out.(output)
		if i.f == "enqueue" {
			return true, st + strconv.FormatInt(i.value, 10) + ","
		}
		if st == "" {
			return !o.known || o.value == -1, st
		}
		for at := 0; at < len(st); at++ {
			if st[at] == ',' {
				return !o.known || st[:at] == strconv.FormatInt(o.value, 10), st[at+1:]
			}
		}
		return false, st
	},
}

func byKey(history []porcupine.Operation) [][]porcupine.Operation {
	keyed := map[string][]porcupine.Operation{}
	for _, op := range history {
		key := op.Input.(input).key
		keyed[key] = append(keyed[key], op)
	}
	parts := make([][]porcupine.Operation, 0, len(keyed))
	for _, part := range keyed {
		parts = append(parts, part)
	}
	return parts
}

func keyedRegister() porcupine.Model {
	model := register
	model.Partition = byKey
	return model
}
