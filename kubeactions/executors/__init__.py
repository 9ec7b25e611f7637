"""What can be done: one action type a file, self-describing. Nothing else is edited to add one.

A module here is named after its action type and holds `EXECUTOR`, an object of `kubeactions.model.Executor`: its `spec`
(type, accepted kinds, parameters, RBAC rules, effect class) and four methods. `look` and `execute` talk to the cluster,
`plan` and `verdict` are pure. The registry finds it by the module's name; validator, RBAC manifests, help and docs read
the spec. Modules that begin with an underscore are rules that several types share.

Who does not belong here: anything that knows the ledger, the lease or another action.
"""
