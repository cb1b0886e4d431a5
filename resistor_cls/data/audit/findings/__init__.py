"""What follows from the sections of an audit, in words.

Each finding is read from the sections alone, so that none can claim what the report does not show.
"""

from resistor_cls.data.audit.findings.bodies import body_findings
from resistor_cls.data.audit.findings.captures import capture_findings
from resistor_cls.data.audit.findings.categories import category_findings
from resistor_cls.data.audit.findings.duplicates import duplicate_findings
from resistor_cls.data.audit.findings.files import file_findings, unreadable_findings
from resistor_cls.data.audit.findings.finding import SEVERITIES, Finding, Sections
from resistor_cls.data.audit.findings.light import light_findings
from resistor_cls.data.audit.findings.shortcuts import shortcut_findings

__all__ = ["SEVERITIES", "Finding", "findings_of"]


def findings_of(sections: Sections) -> list[Finding]:
    """All that follows from the sections of an audit, by subject."""
    return [
        *unreadable_findings(sections),
        *category_findings(sections),
        *file_findings(sections),
        *duplicate_findings(sections),
        *capture_findings(sections),
        *shortcut_findings(sections),
        *light_findings(sections),
        *body_findings(sections),
    ]
