"""`python -m kubeactions`: the same as the `kubeactions` command."""

from kubeactions.cli import main

if __name__ == "__main__":
    main()
