use std::collections::HashMap;
use std::fs;
use std::process::{Child, Command};
use std::time::Duration;

use crate::Result;

/// A server in a process of its own, with the processes that it starts; ended with this value.
pub(crate) struct Process {
    child: Child,
}

/// The time that the kernel charged a process tree, at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Spent {
    /// By thread, in nanoseconds; without the threads that have ended.
    threads: HashMap<u32, u64>,
    /// User and system time of everything that ever ran in it, in steps of ten milliseconds.
    ticks: Duration,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        Ok(Self { child: command.spawn().map_err(|error| format!("{command:?}: {error}"))? })
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn end(&mut self) -> Result<()> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        self.child.wait()?;
        Ok(())
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    pub(crate) fn spent(&self) -> Result<Spent> {
        let mut spent = Spent { threads: HashMap::new(), ticks: Duration::ZERO };
        for process in self.tree() {
            let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
            let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
            let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<u64>().ok()).ok_or("no ticks");
            spent.ticks += Duration::from_millis((ticks(11)? + ticks(12)?) * 10);
            for thread in fs::read_dir(format!("/proc/{process}/task"))? {
                let thread = thread?;
                let number = thread.file_name().to_str().and_then(|text| text.parse().ok()).ok_or("no thread")?;
                // A thread may end between the listing and the reading.
                let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) else { continue };
                let ran = text.split_whitespace().next().and_then(|text| text.parse().ok()).ok_or("no schedstat")?;
                spent.threads.insert(number, ran);
            }
        }
        Ok(spent)
    }

    /// Resident memory of the tree, in KiB.
    pub(crate) fn memory(&self) -> Result<u64> {
        self.tree().into_iter().map(|process| status(process, "VmRSS")).sum()
    }

    fn tree(&self) -> Vec<u32> {
        let mut found = vec![self.child.id()];
        let mut next = 0;
        while let Some(&process) = found.get(next) {
            for thread in fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
                let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
                found.extend(children.split_whitespace().filter_map(|text| text.parse::<u32>().ok()));
            }
            next += 1;
        }
        found
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Children first: a parent that is killed couldn't end them.
        for process in self.tree().into_iter().skip(1) {
            let _ = Command::new("kill").args(["-KILL", &process.to_string()]).status();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Spent {
    /// What was spent since `earlier`: to the nanosecond where no thread ended in between, else by the kernel's ticks.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        let ticks = self.ticks.saturating_sub(earlier.ticks);
        if earlier.threads.keys().any(|thread| !self.threads.contains_key(thread)) {
            return ticks;
        }
        let before = |thread| earlier.threads.get(thread).copied().unwrap_or(0);
        Duration::from_nanos(self.threads.iter().map(|(thread, ran)| ran.saturating_sub(before(thread))).sum())
    }
}

/// A line of a process's status, in KiB.
fn status(process: u32, name: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with(name)).ok_or("no memory")?;
    Ok(line.split_whitespace().nth(1).ok_or("no number")?.parse()?)
}
