"""Checks every Markdown file: links, anchors, blocks, and the book's table of contents."""

import ast
import json
import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

from page import Failed, blocks

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = tomllib.loads((ROOT / "tests/docs/commands.toml").read_text())
NOT_OURS = {"target", "node_modules", ".git", ".venv", "vendored"}


def files():
    return [file for file in sorted(ROOT.rglob("*.md")) if not NOT_OURS & set(file.relative_to(ROOT).parts)]


def name(file):
    return file.relative_to(ROOT).as_posix()


def without_code(text):
    text = re.sub(r"^(`{3,})[^\n]*\n.*?^\1$", "", text, flags=re.M | re.S)
    return re.sub(r"`[^`\n]+`", "code", text)


def anchors(file):
    """The anchors of a file's headings, as GitHub and mdBook make them."""
    seen, found = {}, set()
    for heading in re.findall(r"^#{1,6} (.+)$", re.sub(r"^(`{3,})[^\n]*\n.*?^\1$", "", file.read_text(), flags=re.M | re.S), re.M):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        found.add(f"{slug}-{count}" if count else slug)
    return found


def links():
    """Relative links lead to files that are there, anchors to headings that are there."""
    count, broken = 0, []
    for file in files():
        for link in re.findall(r"\]\(([^)\s]+)\)", without_code(file.read_text())):
            if re.match(r"[a-z][a-z0-9+.-]*:", link):
                continue
            count += 1
            path, _, anchor = unquote(link).partition("#")
            target = (file.parent / path).resolve() if path else file
            if not target.exists() or not target.is_relative_to(ROOT):
                broken.append(f"{name(file)}: {link}: no such file")
            elif anchor and (target.suffix != ".md" or anchor not in anchors(target)):
                broken.append(f"{name(file)}: {link}: no such heading")
    if broken:
        raise Failed("\n".join(broken))
    return (count,)


def code():
    """Blocks in a language that can be parsed are, and every command is run by somebody."""
    count, broken = 0, []
    for file in files():
        page, has_commands = name(file), False
        for line, _, language, content in blocks(file.read_text()):
            count += 1
            has_commands |= language == "sh"
            try:
                if language == "toml":
                    tomllib.loads(content)
                elif language == "json" and "…" not in content:
                    json.loads(content)
                elif language == "python":
                    ast.parse(content)
            except (ValueError, SyntaxError) as error:
                broken.append(f"{page}:{line}: {error}")
        if has_commands and not (page in COMMANDS["run"] or page in COMMANDS["elsewhere"] or page in COMMANDS["by_hand"]):
            broken.append(f"{page}: nobody runs its commands: list it in tests/docs/commands.toml")
    for page in [*COMMANDS["run"], *COMMANDS["elsewhere"], *COMMANDS["by_hand"], *COMMANDS["elsewhere"].values()]:
        if not (ROOT / page).exists():
            broken.append(f"tests/docs/commands.toml: {page}: no such file")
    if broken:
        raise Failed("\n".join(broken))
    return (count,)


def contents():
    """docs/SUMMARY.md lists every page of docs once, and nothing else."""
    listed = re.findall(r"\]\(([^)]+)\)", (ROOT / "docs/SUMMARY.md").read_text())
    there = {file.relative_to(ROOT / "docs").as_posix() for file in (ROOT / "docs").rglob("*.md")} - {"SUMMARY.md"}
    twice = {page for page in listed if listed.count(page) > 1}
    if set(listed) != there or twice:
        raise Failed(f"docs/SUMMARY.md lacks {sorted(there - set(listed))}, has too much {sorted(set(listed) - there)}, twice {sorted(twice)}")
    return (len(listed),)


def named_tests():
    """A test or a file that docs/security-model.md or STYLE.md names is there."""
    tests = set()
    for file in ROOT.rglob("*.rs"):
        if not NOT_OURS & set(file.relative_to(ROOT).parts):
            tests |= set(re.findall(r"\b(?:async )?fn (\w+)", file.read_text()))
            tests |= set(re.findall(r"^\s+(\w+)$", file.read_text(), re.M))
    count, broken = 0, []
    for page in ["docs/security-model.md", "STYLE.md", "docs/audits.md", "docs/upgrades.md"]:
        for word in re.findall(r"`([^`\n]+)`", re.sub(r"^(`{3,})[^\n]*\n.*?^\1$", "", (ROOT / page).read_text(), flags=re.M | re.S)):
            if re.fullmatch(r"[\w./-]+\.(rs|md|toml|golden|py|sql)|(?:tests|deploy)/[\w./-]+", word):
                there = (ROOT / word).exists()
            elif re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+){3,}", word):
                there = word in tests
            else:
                continue
            count += 1
            if not there:
                broken.append(f"{page}: `{word}` isn't there")
    if broken:
        raise Failed("\n".join(broken))
    return (count,)


CHECKS = {"links": links, "blocks": code, "table of contents": contents, "tests and files named in prose": named_tests}
