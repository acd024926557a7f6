module slipway.test/windows/wincred

go 1.26.0

tool github.com/docker/docker-credential-helpers/wincred/cmd

require (
	github.com/danieljoos/wincred v1.2.3 // indirect
	github.com/docker/docker-credential-helpers v0.9.9 // indirect
	golang.org/x/sys v0.20.0 // indirect
)
