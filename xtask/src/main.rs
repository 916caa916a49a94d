//! Chores of the project: builds what a measurement needs, then runs it.
#![expect(clippy::print_stderr, reason = "it says what it does")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["bench", "scale", ..] => scale(arguments.get(2..).unwrap_or_default()),
        ["bench", "compile", ..] => compile(arguments.get(2..).unwrap_or_default()),
        ["bench", ..] => bench(arguments.get(1..).unwrap_or_default()),
        ["instructions", ..] => instructions(arguments.get(1..).unwrap_or_default()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &[String]) -> Result<ExitCode> {
    let root = root()?;
    let target = target_folder(root);
    let programs = build(root, &target)?;
    if wants(arguments, &["bare", "headers", "by-hand"]) {
        // A folder of its own: what the two workspaces have in common is built with other features.
        release(&root.join("benches/peers"), &target.join("peers"), &[])?;
    }
    if wants(arguments, &["fastapi"]) {
        install_fastapi(root, &target)?;
    }
    measure(raised(&programs).arg("compare").args(arguments))
}

fn scale(arguments: &[String]) -> Result<ExitCode> {
    let root = root()?;
    let programs = build(root, &target_folder(root))?;
    measure(raised(&programs).arg("scale").args(arguments))
}

fn compile(arguments: &[String]) -> Result<ExitCode> {
    let root = root()?;
    let programs = release(root, &target_folder(root), &["-p", "portcullis-bench"])?;
    measure(Command::new(programs.join("portcullis-bench")).arg("compile").args(arguments))
}

/// The program that measures: thousands of connections are as many open files, more than a shell allows at first.
fn raised(programs: &Path) -> Command {
    let mut raised = Command::new("sh");
    raised.args(["-c", "ulimit -n \"$(ulimit -Hn)\" && exec \"$0\" \"$@\""]);
    raised.arg(programs.join("portcullis-bench"));
    raised
}

fn instructions(arguments: &[String]) -> Result<ExitCode> {
    let root = root()?;
    let programs = build(root, &target_folder(root))?;
    measure(Command::new(programs.join("portcullis-bench")).arg("instructions").args(arguments))
}

/// The programs of the project as they are shipped, and apart from them, so that they keep their features, the one that measures.
fn build(root: &Path, target: &Path) -> Result<PathBuf> {
    release(root, target, &["-p", "portcullis-cli", "-p", "notes"])?;
    release(root, target, &["-p", "portcullis-bench"])
}

/// Builds as `deploy/build` does, so that nothing is built twice and all are measured alike; the folder of the programs.
fn release(workspace: &Path, target: &Path, packages: &[&str]) -> Result<PathBuf> {
    let host = host()?;
    let mut build = Command::new(CARGO);
    build.current_dir(workspace).env("RUSTFLAGS", " -C target-feature=+crt-static");
    build.args(["build", "--release", "--locked", "--target", host.as_str(), "--target-dir"]).arg(target).args(packages);
    run(&mut build)?;
    Ok(target.join(host).join("release"))
}

/// What this machine is called by the compiler.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc names no host")?.to_owned())
}

fn root() -> Result<&'static Path> {
    Ok(Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no project")?)
}

/// Whether one of these servers is to be measured: all are, unless some are named.
fn wants(arguments: &[String], names: &[&str]) -> bool {
    let mut chosen = Vec::new();
    for (number, argument) in arguments.iter().enumerate() {
        if argument == "--peer" {
            chosen.extend(arguments.get(number + 1).map(String::as_str));
        }
        chosen.extend(argument.strip_prefix("--peer="));
    }
    chosen.is_empty() || chosen.iter().any(|name| names.contains(name))
}

/// Installs the Python packages into an environment of their own, once for each list of them.
fn install_fastapi(root: &Path, target: &Path) -> Result<()> {
    let (environment, list) = (target.join("fastapi"), root.join("benches/peers/fastapi/requirements.txt"));
    let (wanted, mark) = (std::fs::read_to_string(&list)?, environment.join("installed.txt"));
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    run(Command::new(environment.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(&list))?;
    Ok(std::fs::write(mark, wanted)?)
}

#[expect(clippy::disallowed_methods, reason = "cargo's own variable, read by a tool")]
fn target_folder(root: &Path) -> PathBuf {
    std::env::var("CARGO_TARGET_DIR").map_or_else(|_| root.join("target"), |folder| root.join(folder))
}

/// Runs what measures; its exit code is ours, so that wrong usage stays 2.
fn measure(command: &mut Command) -> Result<ExitCode> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed").into()) }
}

const CARGO: &str = "cargo";
const USAGE: &str = "usage: cargo xtask bench [--quick] [--case NAME] [--peer NAME] [--transport NAME] [--rounds NUMBER] [--json FILE]
       cargo xtask bench scale [--quick]
       cargo xtask bench compile [--quick]
       cargo xtask instructions [--record]";
