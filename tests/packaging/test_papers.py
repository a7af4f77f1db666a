"""The papers of the packages: what a system reads before it shows or starts the program."""

from __future__ import annotations

import configparser
import json
import plistlib
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from desktop import __version__
from desktop.services.system import licences, preflight

ROOT = Path(__file__).parents[2]
PACKAGING, RESOURCES = ROOT / "packaging", ROOT / "resources"
METAINFO = RESOURCES / "org.sluice_desktop.Sluice.metainfo.xml"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PACKAGING))


def entry() -> configparser.SectionProxy:
    parsed = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read(RESOURCES / "sluice.desktop", "utf-8")
    return parsed["Desktop Entry"]


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def test_every_paper_tells_the_version_of_the_program() -> None:
    assert ET.parse(METAINFO).findall("releases/release")[0].get("version") == __version__
    changes = (PACKAGING / "CHANGELOG.md").read_text("utf-8")
    assert re.search(rf"^## {re.escape(__version__)}, \d{{4}}-\d\d-\d\d$", changes, re.M)
    assert runpy.run_path(str(PACKAGING / "build.py"))["version"]() == __version__


def test_the_desktop_entry_starts_what_the_command_line_understands() -> None:
    from desktop.cli import _parser

    words = entry()["Exec"].split()
    assert words[0] == "sluice"
    with_file = [word.replace("%f", "/a/b.sluice-recording") for word in words[1:]]
    assert _parser().parse_args(with_file).file == Path("/a/b.sluice-recording")
    without = [word for word in words[1:] if word != "%f"]
    assert _parser().parse_args(without).file is None


def test_the_file_type_is_the_same_everywhere() -> None:
    kind = ET.parse(RESOURCES / "sluice-mime.xml").getroot()[0]
    assert entry()["MimeType"] == kind.get("type", "") + ";"
    assert ET.parse(METAINFO).findtext("provides/mediatype") == kind.get("type")
    glob = next(child.get("pattern", "") for child in kind if child.tag.endswith("glob"))
    assert f'"{glob.removeprefix("*.")}"' in (PACKAGING / "sluice.spec").read_text()
    assert f"\\{glob.removeprefix('*')}" in (PACKAGING / "windows" / "sluice.nsi").read_text()


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        ("desktop-file-validate", [RESOURCES / "sluice.desktop"]),
        ("appstreamcli", ["validate", "--no-net", METAINFO]),
        ("man", ["--warnings", "-l", "-Tutf8", RESOURCES / "sluice.1"]),
    ],
)
def test_the_systems_own_checkers_agree(program: str, arguments: list[str | Path]) -> None:
    done = subprocess.run([tool(program), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "error" not in done.stdout.lower() + done.stderr.lower() or program == "man"


def test_the_packages_ask_for_all_that_the_look_beforehand_looks_for(scripts: None, tmp_path: Path) -> None:
    import nfpm_config

    (tmp_path / "sluice").write_bytes(b"\x7fELF GLIBC_2.4\0 GLIBC_2.35\0 GLIBC_2.17\0")
    config = json.loads(nfpm_config.text(__version__, tmp_path, tmp_path))
    deb, rpm = config["overrides"]["deb"]["depends"], config["overrides"]["rpm"]["depends"]
    looked_for = preflight.BASE | preflight.X11 | preflight.WAYLAND
    assert set(looked_for.values()) <= set(deb)
    assert {f"{name}()(64bit)" for name in looked_for} <= set(rpm)
    assert "libc6 (>= 2.35)" in deb
    assert "libc.so.6(GLIBC_2.35)(64bit)" in rpm


def test_the_changelog_is_one_that_debians_tools_read(scripts: None) -> None:
    import nfpm_config

    text = "# New\n\n## 0.2.0, 2026-12-01\n\n- One\n  thing.\n- Two\n\n## 0.1.0, 2026-11-21\n\n- Old\n"
    made = nfpm_config.debian_changelog(text)
    assert made.splitlines()[:4] == ["sluice (0.2.0) stable; urgency=medium", "", "  * One thing.", "  * Two"]
    assert made.count("\n -- The Sluice authors <") == 2
    assert "Tue, 01 Dec 2026 12:00:00 +0000" in made


def test_every_file_of_the_packages_exists_and_has_its_place(scripts: None, tmp_path: Path) -> None:
    import nfpm_config

    listed = nfpm_config.contents(tmp_path / "bundle", tmp_path)
    sources = [Path(item["src"]) for item in listed if str(RESOURCES) in item["src"]]
    assert len(sources) == 4
    assert all(path.is_file() for path in sources)
    places = [item["dst"] for item in listed]
    assert len(places) == len(set(places))
    assert all(place.startswith("/usr/") for place in places)


def test_what_is_cut_and_what_is_kept(scripts: None) -> None:
    import cut

    own = ("/build/venv",)
    plugin, home = "PySide6/Qt/plugins", "/build/venv/lib"

    def kept(name: str, source: str = home, kind: str = "system") -> bool:
        return cut.keep(name, source, kind, own)

    assert kept(f"{plugin}/platforms/libqxcb.so")
    assert kept(f"{plugin}/platforms/libqwayland.so")
    assert kept(f"{plugin}/platforms/qwindows.dll")
    assert kept(f"{plugin}/platforminputcontexts/libibusplatforminputcontextplugin.so")
    assert not kept(f"{plugin}/platforms/libqeglfs.so")
    assert not kept(f"{plugin}/sqldrivers/libqsqlmysql.so")
    assert not kept("PySide6/Qt/lib/libQt6Qml.so.6")
    assert kept("PySide6/Qt/lib/libQt6Gui.so.6")
    assert kept("libcrypto.so.3", "/usr/lib/x86_64-linux-gnu/libcrypto.so.3")
    for kind in ("system", "whole"):  # the graphics driver's own
        assert not kept("libstdc++.so.6", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6", kind)
        assert not kept("libGL.so.1", "/usr/lib/x86_64-linux-gnu/libGL.so.1", kind)
    assert not kept("libxcb-cursor.so.0", "/usr/lib/x86_64-linux-gnu/libxcb-cursor.so.0", "system")
    assert kept("libxcb-cursor.so.0", "/usr/lib/x86_64-linux-gnu/libxcb-cursor.so.0", "whole")


def test_the_windows_setup_compiles_and_names_what_it_removes(tmp_path: Path) -> None:
    script = PACKAGING / "windows" / "sluice.nsi"
    payload = tmp_path / "payload"
    (payload / "_internal").mkdir(parents=True)
    for name in ("sluice.exe", "sluice-console.exe", "_internal/part.dll"):
        (payload / name).write_bytes(b"x")
    text = script.read_text()
    removed = text.partition('Section "Uninstall"')[2]
    for entry_ in payload.iterdir():
        assert f"$INSTDIR\\{entry_.name}" in removed
    made = tmp_path / "sluice-test-setup.exe"
    icon = tmp_path / "sluice.ico"
    icon.write_bytes(_one_icon())
    done = subprocess.run(
        [tool("makensis"), "-V2", f"-DVERSION={__version__}", f"-DFILES={payload}/*", f"-DOUTPUT={made}",
         f"-DICON={icon}", script], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stdout.lower() + done.stderr.lower()
    assert made.read_bytes()[:2] == b"MZ"


def _one_icon() -> bytes:
    from PySide6.QtCore import QBuffer, QIODevice
    from PySide6.QtGui import QImage

    sys.path.insert(0, str(PACKAGING))
    try:
        import icons
    finally:
        sys.path.remove(str(PACKAGING))
    picture = QImage(16, 16, QImage.Format.Format_ARGB32)
    picture.fill(0)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")
    return bytes(icons.ico({16: bytes(buffer.data().data())}))


def test_the_specification_for_pyinstaller_is_python() -> None:
    compile((PACKAGING / "sluice.spec").read_text("utf-8"), "sluice.spec", "exec")


def test_the_entitlements_of_macos_are_a_property_list() -> None:
    allowed = plistlib.loads((PACKAGING / "macos" / "entitlements.plist").read_bytes())
    assert set(allowed.values()) == {True}


def test_the_release_names_only_what_is_here() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    steps = set(re.findall(r"packaging/build\.py((?: \w+)+)", text))
    known = {"bundle", "deb", "rpm", "appdir", "windows", "macos"}
    assert steps and {word for step in steps for word in step.split()} <= known
    for path in re.findall(r"packaging/[\w./-]+", text):
        assert (ROOT / path).is_file(), path
    certificates = re.compile(r"codesign|SIGNTOOL sign|security import")
    signing = [block for block in text.split("      - name: ") if certificates.search(block)]
    assert len(signing) == 5
    assert all("if: env.CERTIFICATE != ''" in block for block in signing)
    wanted = set(preflight.BASE.values()) | set(preflight.X11.values())
    assert {"libgl1", "libxcb-cursor0"} <= wanted & set(text.split())


def test_the_release_tells_of_itself_with_the_key_that_it_builds_in() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    build, sign = (PACKAGING / "build.py").read_text(), (PACKAGING / "sign_release.py").read_text()
    for name in ("SLUICE_UPDATES_URL", "SLUICE_UPDATES_KEY"):
        assert f"{name}: ${{{{ vars.{name} }}}}" in text
        assert f'"{name}"' in build
    assert "SLUICE_UPDATES_SECRET: ${{ secrets.SLUICE_UPDATES_SECRET }}" in text
    assert '"SLUICE_UPDATES_SECRET"' in sign
    assert text.index('public)" = "$SLUICE_UPDATES_KEY"') < text.index("sign_release.py sign")


def test_what_a_program_may_fetch_is_open_to_everybody(scripts: None) -> None:
    import wheels

    def report(url: str) -> dict[str, Any]:
        return {"install": [{"download_info": {"url": url, "archive_info": {"hashes": {"sha256": "0"}}}}]}

    for closed in ("file:///opt/a.whl", "https://me:secret@x.example/a.whl", "http://x.example/a.whl"):
        with pytest.raises(SystemExit, match="open package index"):
            wheels.fetchable(report(closed))


def test_the_flatpak_names_files_that_are_here() -> None:
    text = (PACKAGING / "flatpak" / f"{METAINFO.name.removesuffix('.metainfo.xml')}.yml").read_text()
    assert "--filesystem" not in text.replace("No --filesystem", "")
    named = text.replace("$FLATPAK_ID", METAINFO.name.removesuffix(".metainfo.xml"))
    for path in re.findall(r"(?:resources|packaging)/[\w./-]+", named):
        assert (ROOT / path).exists(), path
    assert (PACKAGING / "flatpak" / "sluice").stat().st_mode & 0o111


def test_sources_come_from_pips_report(scripts: None) -> None:
    import wheels

    def item(url: str, digest: str) -> dict[str, Any]:
        return {"download_info": {"url": url, "archive_info": {"hashes": {"sha256": digest}}}}

    items = [item("https://x.example/b-1.whl", "2"), item("https://x.example/a-1.whl", "1")]
    made = wheels.flatpak({"install": items})
    assert made == [
        {"type": "file", "url": "https://x.example/a-1.whl", "sha256": "1"},
        {"type": "file", "url": "https://x.example/b-1.whl", "sha256": "2"},
    ]


def test_every_part_has_a_licence_and_the_roots_are_those_asked_for() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {re.split(r"[<>=]", line)[0].lower() for line in asked} == {name.lower() for name in licences.ROOTS}
    parts = licences.parts()
    assert all(part.licence != "see its text" for part in parts)
    by_name = {part.name: part for part in parts}
    assert by_name["httpx"].text.startswith("Copyright")
    qt = by_name["Qt"].text
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in qt and "you may replace them" in qt


def test_no_tool_of_the_developers_is_taken_for_a_part() -> None:
    tools = {"pytest", "mypy", "ruff", "hypothesis", "pip", "setuptools", "pyinstaller"}
    assert not {name.lower() for name in licences.names()} & tools


def test_the_self_check_finds_every_part(recwarn: pytest.WarningsRecorder) -> None:
    from desktop.services.system.self_check import report

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.warnoptions", [])
        import warnings

        warnings.simplefilter("ignore")
        lines, troubles = report()
    assert troubles == []
    assert lines[0].startswith(f"sluice {__version__}, Python ")
