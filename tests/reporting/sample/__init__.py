"""A little suite with one scenario for each outcome, run by the tests of the reports in a process of its own.

`suite.py` binds its features and is no test of this project: pytest does not collect a file of that name.
"""
