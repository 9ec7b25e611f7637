"""An OCI runtime for tests: runc, after the capabilities that the host lacks are taken out of what is asked for.

Where the host lacks CAP_SYS_RESOURCE, an engine older than Docker 26 refuses every privileged container. With this as
their runtime it grants them, as engines do on other hosts. Written into a file of its own and made executable by
`.ci/engine`, for `test_privileged`; it imports nothing of this project.
"""

import json
import os
import sys


def main() -> None:
    """Rewrite the configuration that runc would read, then become runc."""
    arguments = sys.argv[1:]
    files = []
    if "--bundle" in arguments:
        files.append(os.path.join(arguments[arguments.index("--bundle") + 1], "config.json"))
    if "--process" in arguments:
        files.append(arguments[arguments.index("--process") + 1])
    for path in files:
        with open(path) as file:
            document = json.load(file)
        granted = document.get("process", document).get("capabilities") or {}
        for name, capabilities in granted.items():
            granted[name] = [each for each in capabilities or () if each != "CAP_SYS_RESOURCE"]
        with open(path, "w") as file:
            json.dump(document, file)
    os.execvp("runc", ["runc", *arguments])


if __name__ == "__main__":
    main()
