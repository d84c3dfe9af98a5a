// Command porcupine decides one history with Porcupine and prints what it took, as JSON.
//
// It reads the files that the Trueorder checker reads, so that both decide the same history in one
// run of the benchmark. Usage: porcupine MODEL FILE TIMEOUT, with MODEL one of register, kv, cas,
// log, queue (`ops` format), etcd-log and kv-log (Porcupine's own test data).
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

type report struct {
	Result       string  `json:"result"`
	Operations   int     `json:"operations"`
	ParseSeconds float64 `json:"parse_seconds"`
	Seconds      float64 `json:"seconds"`
}

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: porcupine MODEL FILE TIMEOUT"))
	}
	timeout, err := time.ParseDuration(os.Args[3])
	if err != nil {
		fail(err)
	}
	began := time.Now()
	model, history, err := load(os.Args[1], os.Args[2])
	if err != nil {
		fail(err)
	}
	parsed := time.Now()
	result := porcupine.CheckOperationsTimeout(model, history, timeout)
	decided := time.Now()
	err = json.NewEncoder(os.Stdout).Encode(report{
		Result:       string(result),
		Operations:   len(history),
		ParseSeconds: parsed.Sub(began).Seconds(),
		Seconds:      decided.Sub(parsed).Seconds(),
	})
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "porcupine:", err)
	os.Exit(2)
}
