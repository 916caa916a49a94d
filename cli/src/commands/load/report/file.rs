use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use portcullis::Failure;
use tempfile::NamedTempFile;

/// The place of the report. What is written appears there whole or not at all.
pub(crate) struct ReportFile {
    path: PathBuf,
    draft: NamedTempFile,
}

impl ReportFile {
    /// Makes sure that the report can be written.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let cannot = |what: &dyn std::fmt::Display| Failure::usage(format!("cannot write the report {}: {what}", path.display()));
        if path.is_dir() {
            return Err(cannot(&"it is a folder"));
        }
        if path.metadata().is_ok_and(|there| there.permissions().readonly()) {
            return Err(cannot(&"a file is there that may not be written"));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        // Readable like any file that a command writes: the umask takes away from this.
        let mut draft = tempfile::Builder::new();
        let draft = draft.prefix(".load-").suffix(".html").permissions(Permissions::from_mode(0o666)).tempfile_in(folder);
        Ok(Self { path: path.to_owned(), draft: draft.map_err(|error| cannot(&error.kind()))? })
    }

    pub(crate) fn write(mut self, text: &str) -> Result<(), Failure> {
        let cannot = |error: std::io::Error| Failure::new(format!("cannot write the report {}: {error}", self.path.display()));
        self.draft.write_all(text.as_bytes()).map_err(cannot)?;
        self.draft.persist(&self.path).map_err(|error| cannot(error.error))?;
        Ok(())
    }
}
