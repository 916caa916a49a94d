use std::fs;
use std::path::Path;

/// The peer that shows what the headers cost depends on nothing of ours: that it has the same ones is looked at here.
#[test]
fn the_peer_with_the_headers_has_those_of_the_library() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let (ours, peer) = (read("../web/src/respond/security_headers/mod.rs"), read("peers/src/headers.rs"));
    let (_, common) = ours.split_once("const COMMON").unwrap();
    let (common, _) = common.split_once("];").unwrap();
    let lines: Vec<&str> = common.lines().map(str::trim).filter(|line| line.starts_with("(\"")).collect();
    assert!(lines.len() > 5, "{common}");
    for line in lines {
        // The one value that stands in a constant of its own is compared below.
        let wanted = line.split_once(", PERMISSIONS").map_or(line, |(name, _)| name.trim_start_matches('('));
        assert!(peer.contains(wanted), "{line}");
    }
    for name in ["const PERMISSIONS: &str = \"", "const API_POLICY"] {
        let (_, rest) = ours.split_once(name).unwrap();
        let rest = if name.ends_with('"') { rest } else { rest.split_once('"').unwrap().1 };
        // A line that ends in a backslash goes on behind the next one's indentation.
        let value: String = rest.split('"').next().unwrap().split("\\\n").map(str::trim_start).collect();
        assert!(peer.contains(&value), "{value}");
    }
}
