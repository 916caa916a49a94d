use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the repository.
pub(crate) struct File {
    /// The path from the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// The code that ships: what stands above the tests of the same file.
    pub(crate) fn production(&self) -> &str {
        self.text.split("\n#[cfg(test)]").next().unwrap()
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every text file of the repository.
pub(crate) fn every_file() -> Vec<File> {
    let (root, mut files) = (root(), Vec::new());
    walk(&root, &root, &mut files);
    assert!(files.len() > 100, "only {} files below {}", files.len(), root.display());
    files.sort_by(|left, right| left.path.cmp(&right.path));
    files
}

/// Every Rust file that ships or is an example.
pub(crate) fn production() -> Vec<File> {
    let beside = |path: &str| path.split('/').any(|part| matches!(part, "tests" | "testing" | "benches" | "fuzz"));
    every_file().into_iter().filter(|file| file.path.ends_with(".rs") && !beside(&file.path)).collect()
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !ELSEWHERE.contains(&name) {
                walk(root, &path, files);
            }
        } else if let Ok(text) = fs::read_to_string(&path) {
            let path = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            files.push(File { path, text });
        }
    }
}

/// Folders that aren't the project's own work.
const ELSEWHERE: &[&str] = &["target", ".git", "data", "node_modules", "vendored", "__pycache__", ".venv", "corpus", "artifacts"];
