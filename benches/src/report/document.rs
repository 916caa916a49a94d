use std::fs;
use std::path::Path;
use std::process::Command;

use super::plot;
use crate::Result;
use crate::cases::SERVED;
use crate::compare::Found;
use crate::peers::Peer;

/// Puts the tables and plots of a whole run into `docs/performance.md`, between the marks.
pub(crate) fn write(root: &Path, found: &Found, tables: &str) -> Result<()> {
    let plots = root.join("docs/performance");
    fs::create_dir_all(&plots)?;
    let mut text = format!("{}\n\n", circumstances(root)?);
    for (number, section) in found.served.iter().enumerate() {
        let groups: Vec<plot::Group> = section
            .lines
            .iter()
            .map(|line| plot::Group {
                title: SERVED.iter().find(|case| case.name == line.case).map_or(line.title, |case| case.name),
                bars: [Peer::Bare, Peer::ByHand, Peer::Notes]
                    .iter()
                    .filter_map(|peer| line.costs.iter().find(|cost| cost.peer == peer.name()).map(|cost| (peer.title(), cost.cpu)))
                    .collect(),
            })
            .collect();
        let name = format!("cost-{number}.svg");
        fs::write(plots.join(&name), plot::bars(&format!("CPU µs a request, {}", section.transport), &groups))?;
        text.push_str(&format!("![CPU time a request, {}](performance/{name})\n\n", section.transport));
    }
    text.push_str(tables);
    between(&root.join("docs/performance.md"), "measured", &text)
}

/// Replaces what stands between `<!-- NAME: begin -->` and `<!-- NAME: end -->`.
pub(crate) fn between(path: &Path, name: &str, text: &str) -> Result<()> {
    let document = fs::read_to_string(path)?;
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
    let (before, rest) = document.split_once(&begin).ok_or_else(|| format!("{} lacks the mark {begin}", path.display()))?;
    let (_, after) = rest.split_once(&end).ok_or_else(|| format!("{} lacks the mark {end}", path.display()))?;
    Ok(fs::write(path, format!("{before}{begin}{}\n{end}{after}", text.trim_end()))?)
}

/// When and on what, and with which versions.
fn circumstances(root: &Path) -> Result<String> {
    let lock = fs::read_to_string(root.join("Cargo.lock"))? + &fs::read_to_string(root.join("benches/peers/Cargo.lock"))?;
    let python = fs::read_to_string(root.join("benches/peers/fastapi/requirements.txt")).unwrap_or_default();
    let crates: Vec<String> = ["axum", "hyper", "tokio", "rustls", "sqlx", "jsonwebtoken", "tower-http", "tower_governor", "garde"]
        .iter()
        .filter_map(|name| Some(format!("{name} {}", version(&lock, name)?)))
        .collect();
    let packages: Vec<String> = python.lines().filter(|line| line.contains("==")).map(|line| line.replace("==", " ")).collect();
    Ok(format!("{}; {}; {}.", machine()?, crates.join(", "), packages.join(", ")))
}

/// When and on what.
pub(super) fn machine() -> Result<String> {
    let rustc = Command::new("rustc").arg("--version").output()?;
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default().trim_start_matches([' ', '\t', ':']);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Ok(format!(
        "Measured on {}: {}, {} cores of {model}, Linux {}",
        jiff::Zoned::now().date(),
        String::from_utf8_lossy(&rustc.stdout).trim(),
        std::thread::available_parallelism()?,
        kernel.trim(),
    ))
}

fn version<'lock>(lock: &'lock str, name: &str) -> Option<&'lock str> {
    let (_, rest) = lock.rsplit_once(&format!("name = \"{name}\"\nversion = \""))?;
    rest.split('"').next()
}
