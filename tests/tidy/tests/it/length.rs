use crate::files::production;

#[test]
fn no_file_is_longer_than_its_reader_s_patience() {
    for file in production() {
        let lines = file.production().lines().count();
        match LONGER.iter().find(|(path, _)| *path == file.path) {
            None => assert!(lines <= MOST, "{} has {lines} lines of production code: split it by concept before {MOST}", file.path),
            Some((_, allowed)) => {
                assert!(lines <= *allowed, "{} grew from {allowed} to {lines} lines: split it instead", file.path);
                assert!(lines > MOST, "{} has {lines} lines now: take it off the list", file.path);
            }
        }
    }
    let files = production();
    let gone = LONGER.iter().find(|(path, _)| !files.iter().any(|file| file.path == *path));
    assert!(gone.is_none(), "{gone:?} is gone: take it off the list");
}

const MOST: usize = 300;

/// Files that are longer, with their length. The list only shrinks.
const LONGER: &[(&str, usize)] = &[];
