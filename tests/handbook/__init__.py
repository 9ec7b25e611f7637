"""What kubeactions/docs is made of, and the proof that it is true.

`scripts/docs` writes the pages; the tests here fail while a committed page is not the generated one, and hold what the
pages say against what the system does.
"""
