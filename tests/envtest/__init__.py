"""The envtest backend against stand-in programs and, where KUBEBUILDER_ASSETS says so, against the real ones.

`programs` makes an `etcd` and a `kube-apiserver` that take exactly the flags of the real ones; the latter becomes our
own in-memory server. `test_cluster` runs with either, `test_failures` with stand-ins that misbehave.
"""
