/// Whether the whole password, in lower case, stands on the list of common passwords.
#[must_use]
pub fn is_common(lower_case: &str) -> bool {
    if lower_case.is_empty() || lower_case.contains('\n') {
        return false;
    }
    let (mut low, mut high) = (0, WORDS.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let Some((start, word)) = line_around(middle) else {
            return false;
        };
        match word.cmp(lower_case.as_bytes()) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = start + word.len() + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    false
}

/// The line that holds the byte at `offset`, with its start.
fn line_around(offset: usize) -> Option<(usize, &'static [u8])> {
    let start = WORDS.get(..offset)?.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let word = WORDS.get(start..)?.split(|byte| *byte == b'\n').next()?;
    Some((start, word))
}

/// One password a line, sorted by bytes; `common/README.md` says where they come from.
static WORDS: &[u8] = include_bytes!("common/words.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_list_is_found_and_nothing_else() {
        let list = std::str::from_utf8(WORDS).unwrap();
        let words: Vec<&str> = list.lines().collect();
        assert!(words.windows(2).all(|pair| pair[0] < pair[1]), "sorted, each once");
        assert!(words.iter().all(|word| is_common(word)));
        assert!(!words.iter().any(|word| is_common(&format!("{word}\u{7f}")) || is_common(&format!("\u{1}{word}"))));
        assert!(!is_common("") && !is_common("\n"));
    }

    #[test]
    fn at_least_three_thousand_words_pass_our_own_minimum_length() {
        let list = std::str::from_utf8(WORDS).unwrap();
        assert!(list.lines().filter(|word| word.chars().count() >= 15).count() >= 3000);
    }
}
