// A Vault for the tests: its own core and its own HTTP API, in memory, unsealed. Prints one line of JSON, its address and
// root token, and ends when its standard input does, so that a test that dies leaves none behind.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/hashicorp/go-hclog"
	kubernetes "github.com/hashicorp/vault-plugin-auth-kubernetes"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/builtin/credential/approle"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/helper/testhelpers/corehelpers"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

func main() {
	address := flag.String("listen", "127.0.0.1:0", "where to listen; port 0 is any that is free")
	flag.Parse()

	logger := hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: os.Stderr})
	storage, err := inmem.NewInmem(nil, logger)
	must(err)
	core, err := vault.NewCore(&vault.CoreConfig{
		Physical:        storage,
		Logger:          logger,
		DisableMlock:    true,
		BuiltinRegistry: corehelpers.NewMockBuiltinRegistry(),
		LogicalBackends: map[string]logical.Factory{"kv": kv.Factory},
		CredentialBackends: map[string]logical.Factory{
			"approle":    approle.Factory,
			"kubernetes": kubernetes.Factory,
		},
	})
	must(err)

	ctx := context.Background()
	initialized, err := core.Initialize(ctx, &vault.InitParams{
		BarrierConfig:  &vault.SealConfig{SecretShares: 1, SecretThreshold: 1},
		RecoveryConfig: nil,
	})
	must(err)
	for _, share := range initialized.SecretShares {
		_, err := vault.TestCoreUnseal(core, share)
		must(err)
	}

	listener, err := net.Listen("tcp", *address)
	must(err)
	must(json.NewEncoder(os.Stdout).Encode(map[string]string{
		"address": "http://" + listener.Addr().String(),
		"token":   initialized.RootToken,
	}))
	handler := vaulthttp.Handler.Handler(&vault.HandlerProperties{Core: core})
	go func() { log.Fatal(http.Serve(listener, handler)) }()
	_, err = io.Copy(io.Discard, os.Stdin)
	must(err)
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
