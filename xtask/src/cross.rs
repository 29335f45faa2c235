//! `cargo xtask cross`: checks the workspace for Windows and macOS on Debian 12.
//!
//! Debian's own Rust brings the sources of the standard library, which is built
//! for each target. Neither the usual toolchain nor its caches are touched.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::application::FEATURES;
use crate::program::{command, root, run as execute, target};
use crate::steps::Steps;
use crate::{Outcome, node, packages};

const WINDOWS: &str = "x86_64-pc-windows-gnu";
const MACOS: &str = "aarch64-apple-darwin";

/// Stands in for Apple's compiler. Zig knows the target by its own name, and
/// Objective-C needs Apple's headers, which only Apple has: such a file becomes
/// an empty object, good enough for a check and for nothing more.
const COMPILER: &str = r#"#!/bin/sh
empty=no
count=$#
while [ "$count" -gt 0 ]; do
  word=$1
  shift
  count=$((count - 1))
  case "$word" in
    -arch | -isysroot | -target) shift; count=$((count - 1)) ;;
    --target=* | -mmacosx-version-min=* | -fobjc-* | -fmodules) ;;
    *.m | *.mm) empty=yes; set -- "$@" -x c /dev/null ;;
    *) set -- "$@" "$word" ;;
  esac
done
if [ "$empty" = yes ]; then echo "cross: an empty object for an Objective-C file" >&2; fi
exec "ZIG" cc -target aarch64-macos "$@"
"#;

/// Checks the whole workspace for both.
pub fn run() -> Outcome {
    if !cfg!(target_os = "linux") {
        return Err(String::from("This task is written for Debian 12."));
    }
    let mut steps = Steps::default();
    let outcome = check(&mut steps);
    println!("{}", steps.summary());
    println!("Not covered: linking for macOS, and running on either.");
    outcome
}

fn check(steps: &mut Steps) -> Outcome {
    let folder = target().join("cross");
    steps.step("Packages", || {
        packages::ensure(&[&packages::BUILD[..], &packages::CROSS].concat())?;
        node::ensure()
    })?;
    steps.step("User interface: build", || {
        node::install()?;
        node::script("build")
    })?;
    steps.step("Zig", || zig(&folder))?;
    steps.step("Caches of its own", || caches(&folder))?;
    steps.step("Windows", || execute(&mut cargo(&folder, WINDOWS)))?;
    steps.step("macOS", || {
        let empty = folder.join("sdk");
        fs::create_dir_all(&empty).map_err(|error| error.to_string())?;
        let mut cargo = cargo(&folder, MACOS);
        cargo.env("CC_aarch64_apple_darwin", compiler(&folder)?);
        cargo
            .env("AR_aarch64_apple_darwin", archiver(&folder)?)
            .env("SDKROOT", empty);
        execute(&mut cargo)
    })
}

/// Debian's cargo, which must see nothing of the toolchain that runs this task.
fn cargo(folder: &Path, triple: &str) -> Command {
    let path = env::var("PATH").unwrap_or_default();
    let mut cargo = command("/usr/bin/cargo", &["check", "--workspace", "--locked"]);
    cargo
        .args(["-Zbuild-std=std,panic_unwind", "--target", triple])
        .args(FEATURES);
    for (name, _) in env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        if text.starts_with("CARGO") || text.starts_with("RUST") || text == "LD_LIBRARY_PATH" {
            cargo.env_remove(name);
        }
    }
    cargo
        .env("PATH", format!("/usr/bin:{path}"))
        .env("RUSTC_BOOTSTRAP", "1");
    cargo
        .env("CARGO_HOME", folder.join("home"))
        .env("CARGO_TARGET_DIR", folder.join("target"));
    cargo
}

/// The settings of the user's cargo, e.g. for a proxy, count here too.
fn caches(folder: &Path) -> Outcome {
    let home = folder.join("home");
    fs::create_dir_all(&home).map_err(|error| format!("{}: {error}", home.display()))?;
    let usual = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| {
        let home = env::var_os("HOME")?;
        Some(Path::new(&home).join(".cargo"))
    });
    let settings = usual
        .map(|usual| usual.join("config.toml"))
        .filter(|path| path.exists());
    if let Some(settings) = settings {
        let copied = fs::copy(&settings, home.join("config.toml"));
        copied.map_err(|error| format!("{}: {error}", settings.display()))?;
    }
    Ok(())
}

fn zig(folder: &Path) -> Outcome {
    if zig_binary(folder).exists() {
        return Ok(());
    }
    let place = folder.join("zig");
    let mut pip = command("/usr/bin/python3", &["-m", "pip", "install", "--target"]);
    execute(pip.arg(place).arg("ziglang"))
}

fn zig_binary(folder: &Path) -> PathBuf {
    root().join(folder).join("zig/ziglang/zig")
}

fn compiler(folder: &Path) -> Outcome<PathBuf> {
    let zig = zig_binary(folder).display().to_string();
    script(&folder.join("apple-cc"), &COMPILER.replace("ZIG", &zig))
}

fn archiver(folder: &Path) -> Outcome<PathBuf> {
    let zig = zig_binary(folder).display().to_string();
    script(
        &folder.join("apple-ar"),
        &format!("#!/bin/sh\nexec \"{zig}\" ar \"$@\"\n"),
    )
}

fn script(path: &Path, text: &str) -> Outcome<PathBuf> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    let path_text = path.display().to_string();
    execute(&mut command("chmod", &["+x", &path_text]))?;
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the wrapper hands on, with `echo` in Zig's place.
    fn handed_on(words: &[&str]) -> String {
        let script = COMPILER.replace("\"ZIG\"", "echo");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, "sh"]).args(words);
        String::from_utf8(shell.output().unwrap().stdout).unwrap()
    }

    #[cfg(unix)]
    #[test]
    fn the_compiler_drops_what_zig_does_not_know() {
        let words = [
            "-O2",
            "--target=arm64-apple-macosx",
            "-arch",
            "arm64",
            "-c",
            "a b.c",
        ];
        assert_eq!(handed_on(&words), "cc -target aarch64-macos -O2 -c a b.c\n");
    }

    #[cfg(unix)]
    #[test]
    fn an_objective_c_file_becomes_an_empty_object() {
        let words = ["-fobjc-arc", "-c", "a.m", "-o", "a.o"];
        assert_eq!(
            handed_on(&words),
            "cc -target aarch64-macos -c -x c /dev/null -o a.o\n"
        );
    }
}
