"""Admission that is configured by objects: what a rule matches, and what expressions say of a write.

`matching` is shared by policies and webhooks; `request` is how both see a write; `compiled` turns a
ValidatingAdmissionPolicy into programs and evaluates them. Used by the plugins in `admission` and by validation.
"""
