use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::program::Kind;
use crate::Result;
use crate::peers::Ground;

/// Programs in a folder of their own, with the versions of the project.
pub(super) struct Workspace {
    folder: PathBuf,
    /// The project's own folder of what is built, where part of what they depend on lies already.
    target: PathBuf,
}

impl Workspace {
    /// Writes the programs, and checks everything once, so that what is measured later is one crate.
    pub(super) fn prepare(ground: &Ground, endpoints: usize) -> Result<Self> {
        let root = ground.root.as_path();
        let target = ground.target.ancestors().nth(2).ok_or("no folder for what is built")?;
        let workspace = Self { folder: target.join("compile"), target: target.to_path_buf() };
        for kind in Kind::ALL {
            let package = workspace.folder.join(kind.name());
            fs::create_dir_all(package.join("src"))?;
            fs::write(package.join("Cargo.toml"), kind.manifest())?;
            workspace.write(kind, endpoints, 0)?;
        }
        let (example, notes) = (root.join("examples/notes"), workspace.folder.join("notes"));
        fs::create_dir_all(notes.join("src"))?;
        fs::copy(example.join("Cargo.toml"), notes.join("Cargo.toml"))?;
        for file in fs::read_dir(example.join("src"))? {
            let file = file?;
            fs::copy(file.path(), notes.join("src").join(file.file_name()))?;
        }
        fs::write(workspace.folder.join("Cargo.toml"), manifest(root)?)?;
        fs::copy(root.join("Cargo.lock"), workspace.folder.join("Cargo.lock"))?;
        for package in Kind::ALL.map(Kind::name).into_iter().chain(["notes"]) {
            workspace.check(package)?;
        }
        Ok(workspace)
    }

    /// Writes a program, whose first handler holds this number.
    pub(super) fn write(&self, kind: Kind, endpoints: usize, number: usize) -> Result<()> {
        Ok(fs::write(self.folder.join(kind.name()).join("src/main.rs"), kind.program(endpoints, number))?)
    }

    /// Changes a bound in the example application.
    pub(super) fn edit_notes(&self, number: usize) -> Result<()> {
        let file = self.folder.join("notes/src/lib.rs");
        let text = fs::read_to_string(&file)?;
        let (before, rest) = text.split_once(BOUND).ok_or("the example has no bound to change")?;
        let after = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
        Ok(fs::write(&file, format!("{before}{BOUND}{}{after}", 200 + number))?)
    }

    /// Throws away what is known of a crate, but not of what it depends on.
    pub(super) fn forget(&self, package: &str) -> Result<()> {
        self.cargo(&["clean", "--package", package])
    }

    pub(super) fn check(&self, package: &str) -> Result<()> {
        self.cargo(&["check", "--package", package])
    }

    fn cargo(&self, arguments: &[&str]) -> Result<()> {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&self.folder).arg("--quiet").args(arguments).arg("--target-dir").arg(&self.target);
        let status = cargo.status()?;
        if status.success() { Ok(()) } else { Err(format!("{cargo:?} failed").into()) }
    }
}

/// The project's own manifest with these members in place of its own.
fn manifest(root: &Path) -> Result<String> {
    let text = fs::read_to_string(root.join("Cargo.toml"))?;
    let is_of_members = |line: &&str| ["members", "exclude", "default-members"].iter().any(|word| line.starts_with(word));
    let lines: Vec<&str> = text.lines().filter(|line| !is_of_members(line)).collect();
    let names: Vec<String> = Kind::ALL.iter().map(|kind| format!("\"{}\"", kind.name())).collect();
    let members = format!("[workspace]\nmembers = [{}, \"notes\"]", names.join(", "));
    Ok(lines.join("\n").replacen("[workspace]", &members, 1).replace("path = \"", &format!("path = \"{}/", root.display())))
}

const BOUND: &str = "min = 1, max = ";
