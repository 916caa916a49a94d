use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// A folder or file of this crate.
pub(crate) fn place(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The names of the files in a folder that end like this, without the ending.
pub(crate) fn names(folder: &str, ending: &str) -> BTreeSet<String> {
    let files = fs::read_dir(place(folder)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    files.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).filter(|name| name != "mod").collect()
}

pub(crate) fn read(folder: &str, name: &str, ending: &str) -> String {
    fs::read_to_string(place(folder).join(format!("{name}{ending}"))).unwrap()
}
