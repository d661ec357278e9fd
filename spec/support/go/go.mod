module participant

go 1.24

require (
	go.etcd.io/etcd/client/v3 v3.7.3
	golang.org/x/sys v0.30.0
)
