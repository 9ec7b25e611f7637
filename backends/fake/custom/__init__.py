"""Custom resources: what a CustomResourceDefinition says, and what the server makes of it.

`CustomResources` follows the definitions in the store and puts what they serve into the cluster's catalogue. From there
on a custom resource goes the way of all others; where a built-in kind has its knowledge in tables (schema, strategy,
rules, columns, selectable fields, owners), it has a `CustomKind` at its `Resource`. Rules and texts are those of
k8s.io/apiextensions-apiserver.

- `definition`, `kind`: a definition and one of its versions
- `structural`: the schema as a tree; `pruning` and `defaulting` change objects by it, `values` (with `limits`,
  `alternatives`, `containers`, `patterns`, `formats`), `lists`, `embedded` and `expressions` find out what is wrong
  with them, `decoding` reads bodies
- `rules`, with the other modules of that name, `approval`, `nested` and `references`: what is wrong with a definition
- `lifecycle`: names, conditions, and the end of a definition
- `columns`, `jsonpath`, `owners`, `documents`, `openapi`: how objects are shown, owned and described

Most of it is imported when the first definition comes: a cluster without any does not pay for it.

Not as there: rules in CEL are checked against the schema only where they name fields from `self` on (`references`), and
their cost is not estimated.

Refused with 501: conversion by a webhook. Where CEL is not installed, a definition with rules in it is refused as well.
"""
