use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};

use super::super::private_file::{private_folder, write_private};
use super::{Challenges, Plan};
use crate::app::StartError;

/// Where accounts, certificates and pending answers lie: files that only their owner can read, written whole or not at all.
#[derive(Clone, Debug)]
pub(in crate::accept) struct Store {
    /// Holds the lock and one folder for each authority.
    folder: PathBuf,
    /// What belongs to the plan's authority, so that nothing of a test authority is taken for the real one's.
    authority: PathBuf,
    certificate: PathBuf,
}

impl Store {
    /// Makes the folders that aren't there yet.
    pub(in crate::accept) fn open(data_dir: &Path, plan: &Plan) -> Result<Self, StartError> {
        let folder = data_dir.join("tls").join("acme");
        let host = plan.directory.host_str().unwrap_or("authority");
        let authority = folder.join(format!("{}-{}", host.trim_matches(['[', ']']), mark(plan.directory.as_str())));
        let first = plan.domains.first().map_or("", String::as_str);
        let certificate = authority.join(format!("{first}-{}.pem", mark(&plan.domains.join(","))));
        let store = Self { folder, authority, certificate };
        for folder in [data_dir.join("tls"), store.folder.clone(), store.authority.clone(), store.pending()] {
            private_folder(&folder).map_err(|error| {
                StartError::new(format_args!(
                    "cannot use {} for certificates: {error}; the service needs a `data_dir` that it can write to",
                    folder.display()
                ))
            })?;
        }
        Ok(store)
    }

    /// The answers to pending challenges.
    pub(in crate::accept) fn challenges(&self) -> Challenges {
        Challenges::new(self.pending())
    }

    /// The certificate for exactly the plan's names, with its key.
    pub(in crate::accept) fn certificate(&self) -> &Path {
        &self.certificate
    }

    pub(super) fn account(&self) -> PathBuf {
        self.authority.join("account.json")
    }

    /// The lock of the instance that renews, for as long as the file lives; none while another has it.
    pub(super) fn lock(&self) -> io::Result<Option<File>> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(self.folder.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Finds out whether a certificate could be kept, before the authority is bothered for one.
    pub(super) fn ensure_room(&self) -> io::Result<()> {
        let path = self.authority.join("room");
        write_private(&path, &" ".repeat(ROOM))?;
        std::fs::remove_file(path)
    }

    /// Keeps a certificate and its key.
    pub(super) fn keep_certificate(&self, key: &str, chain: &str) -> io::Result<()> {
        write_private(&self.certificate, &format!("{key}\n{chain}"))
    }

    fn pending(&self) -> PathBuf {
        self.folder.join("pending")
    }
}

/// A short, stable name for a text.
fn mark(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// More than a certificate for many names with its chain and key.
const ROOM: usize = 32 * 1024;
