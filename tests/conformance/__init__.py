"""What a Kubernetes API must answer: cases replayed against recordings of a real kube-apiserver.

`cases/` says what to send, `recordings/` what the real server answered, `discovery/` its discovery documents,
`kubectl/` a battery of commands. `README.md` describes the formats. The modules here replay them against any server:

    pointers ◂ case ◂ wire ◂ player ◂ normaliser ◂ comparison ◂ known ◂ replay (the command) ◂ test_*.py
"""
