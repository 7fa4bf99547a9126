"""See to a browser for the browser tests: the machine's Chromium, Debian's package, else Playwright's own.

The headless shell comes first: the same engine without a desktop browser's processes, which on two cores take a third
of the browser tests' time. It has no camera: what scans takes the whole browser.

Run by `make test`. Where none can be had it says so and fails: the tests it serves are not to be skipped.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

BROWSERS = ("chromium-headless-shell", "chromium")
FONTS = ("fonts-wqy-microhei", "fonts-noto-cjk")


def _quietly(*command: str) -> bool:
    """Run a command, its output in our log only when it fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        print(f"  {' '.join(command)}: {error}")
        return False
    if done.returncode:
        print(f"  {' '.join(command)}: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.returncode == 0


def installed_browser() -> str | None:
    """Return the path of the machine's own Chromium, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def browser_with_camera() -> str | None:
    """Return the path of the machine's own Chromium as people have it, or None."""
    return shutil.which(BROWSERS[-1])


def _has_chinese_font() -> bool:
    listed = shutil.which("fc-list")
    return bool(listed and subprocess.run([listed, ":lang=zh"], capture_output=True, text=True).stdout.strip())


def _playwright_chromium() -> Path | None:
    """Return Playwright's own Chromium if it was downloaded."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def _from_debian() -> bool:
    """Install what is missing of browser and font where that can be done; tell whether both are there."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    print("Installing Chromium and a Chinese font for the browser tests ...")
    install = ("apt-get", "install", "-y", "--no-install-recommends")
    _quietly("apt-get", "update")
    if not _has_chinese_font():
        _quietly(*install, FONTS[0])
    # a release too old to have the shell has the whole browser
    for package in BROWSERS:
        if not shutil.which(package):
            _quietly(*install, package)
    return bool(browser_with_camera())


def main() -> int:
    if browser_with_camera() and _has_chinese_font():
        return 0
    if _from_debian():
        return 0
    if browser_with_camera() or _playwright_chromium():
        return 0
    print("Downloading Playwright's Chromium for the browser tests ...")
    if _quietly(sys.executable, "-m", "playwright", "install", "chromium") and _playwright_chromium():
        return 0
    print(
        "The browser tests need Chromium, and none could be installed. On Debian or Ubuntu, as root:\n"
        f"  apt-get install {BROWSERS[0]} {FONTS[0]}\n"
        "elsewhere: .venv/bin/playwright install --with-deps chromium"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
