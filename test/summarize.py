"""Adds up JUnit reports: `summarize.py NAME:EXIT_STATUS:REPORT.xml...` lists what failed and ends with "N passed, N failed".

A runner that failed without naming a failed test (it crashed, or wrote no report) counts as one failure.
"""
import sys
import xml.etree.ElementTree as ElementTree

passed, failed = 0, []
for argument in sys.argv[1:]:
    runner, status, path = argument.split(":", 2)
    good, bad = 0, []
    try:
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
                bad.append(f"{runner}: {case.get('classname', '')} {case.get('name')}")
            elif case.find("skipped") is None and case.get("status") not in ("notrun", "disabled"):
                good += 1
    except (OSError, ElementTree.ParseError) as error:
        bad.append(f"{runner}: no readable report ({error})")
    if int(status) and not bad:
        bad.append(f"{runner}: exit status {status}")
    print(f"{runner}: {good} passed, {len(bad)} failed")
    passed += good
    failed += bad
if failed:
    print("failed:", *failed, sep="\n  ")
print(f"{passed} passed, {len(failed)} failed")
sys.exit(bool(failed) or passed == 0)
