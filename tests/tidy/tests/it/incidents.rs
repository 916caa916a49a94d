use crate::files::every_file;

#[test]
fn every_incident_that_concerns_us_has_a_test_with_its_number() {
    let files = every_file();
    let missing: Vec<_> = CONCERN_US.iter().filter(|number| !files.iter().any(|file| file.text.contains(&name(**number)))).collect();
    assert!(missing.is_empty(), "no test is called `incident_NN_…` for {missing:?}");
}

fn name(number: u32) -> String {
    format!("fn incident_{number:02}_")
}

/// The numbers of the list of known incidents in this field whose ways in exist here so far. The list only grows.
const CONCERN_US: &[u32] = &[1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 19, 20, 21, 22, 23, 31, 37, 38, 39, 40, 41, 44, 45, 46];
