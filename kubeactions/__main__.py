"""`python -m kubeactions`: the same as the `kubeactions` command; the image starts it so."""

import os
import signal

if __name__ == "__main__":
    if os.getpid() == 1:
        # The first process of a container gets no signal that it has no handler for, so a pod that is deleted while
        # everything is imported would run on until it is killed. Nothing is begun yet; `run` has a handler of its own.
        signal.signal(signal.SIGTERM, lambda number, _: os._exit(128 + number))
    from kubeactions.cli import main

    main()
