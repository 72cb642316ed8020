//! Passwords that guessers try first, known by how people make them rather than by a list of each.
//!
//! Lists of leaked passwords are, for the most part, a few hundred words and rows of keys, written in some case, with a few
//! letters replaced by digits that look like them, and a year or a number behind. So a password is taken apart: digits and
//! signs are cut from both ends, lookalikes become letters, and what is left is looked for among [`WORDS`]. What is left of
//! `P4ssw0rd2024!` is `password`. One word of these, once or twice, with any number around it, is what guessers have in the
//! first few million tries; two different words are not, and pass.

/// Words, names and rows of keys that passwords are made of, in lower case, one a line.
const WORDS: &str = include_str!("common-words.txt");

/// Distinct characters of a password at least.
const DISTINCT: usize = 4;

/// Whether guessers try this early.
pub(super) fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    few_characters(&lower) || is_sequence(&lower) || is_a_number(&lower) || is_made_of_a_word(&lower)
}

/// Whether a password is somebody's own name (3 characters or more) with a little around it.
pub(super) fn is_about(password: &str, name: &str) -> bool {
    const AROUND: usize = 6;
    let (password, name) = (password.to_lowercase(), name.to_lowercase());
    password.contains(&name) && password.chars().count() < name.chars().count() + AROUND
}

fn few_characters(text: &str) -> bool {
    let mut seen: Vec<char> = text.chars().collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len() < DISTINCT
}

/// `12345678`, `abcdefgh`, `87654321`, and such a piece again and again.
fn is_sequence(text: &str) -> bool {
    let codes: Vec<i64> = text.chars().map(|c| i64::from(u32::from(c))).collect();
    let breaks = codes.windows(2).filter(|pair| (pair[1] - pair[0]).abs() != 1).count();
    breaks * 4 <= codes.len()
}

/// Dates and telephone numbers.
fn is_a_number(text: &str) -> bool {
    const LONGEST: usize = 14;
    text.len() <= LONGEST && text.chars().all(|c| c.is_ascii_digit() || "+-./: ".contains(c))
}

fn is_made_of_a_word(text: &str) -> bool {
    let bare = text.trim_matches(|c: char| !c.is_alphabetic());
    let lookalikes = |text: &str| -> String { text.chars().filter_map(letter).collect() };
    // Before and after the signs at its ends are cut: `$unshine1` begins with a letter that looks like a sign.
    let of_ends_without_digits = lookalikes(text.trim_matches(|c: char| c.is_ascii_digit()));
    [bare.to_owned(), lookalikes(bare), lookalikes(text), of_ends_without_digits].iter().any(|rest| is_word(rest))
}

fn is_word(text: &str) -> bool {
    let known = |text: &str| WORDS.lines().any(|word| word == text);
    known(text)
        || (text.len().is_multiple_of(2) && text.is_char_boundary(text.len() / 2) && {
            let (first, second) = text.split_at(text.len() / 2);
            first == second && known(first)
        })
}

/// The letter that a character stands for; signs that look like none are left out.
fn letter(c: char) -> Option<char> {
    match c {
        '0' => Some('o'),
        '1' | '!' | '|' => Some('i'),
        '3' => Some('e'),
        '4' | '@' => Some('a'),
        '5' | '$' => Some('s'),
        '7' => Some('t'),
        '8' => Some('b'),
        c if c.is_alphanumeric() => Some(c),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_guessers_try_first_is_refused() {
        for password in [
            "password",
            "Password1",
            "P4ssw0rd2024!",
            "passwordpassword",
            "12345678",
            "1234567890",
            "11111111",
            "abcd1234",
            "qwertyuiop",
            "Qwerty123!",
            "1q2w3e4r",
            "1qaz2wsx",
            "zaq12wsx",
            "iloveyou",
            "ILoveYou2",
            "sunshine",
            "$unshine1",
            "princess1",
            "football!",
            "baseball",
            "dragon2023",
            "monkey123",
            "letmein1",
            "trustno1",
            "superman",
            "batman99",
            "starwars",
            "welcome1",
            "Welcome2024",
            "admin123",
            "administrator",
            "changeme",
            "stadion1",
            "stadion2026",
            "87654321",
            "abcdefgh",
            "aaaabbbb",
            "19871224",
            "31.12.1999",
            "asdfghjkl",
            "zxcvbnm1",
            "michael1",
            "jennifer",
            "computer",
            "internet",
            "whatever",
            "charlie1",
            "summer2025",
            "winter24!",
            "q1w2e3r4",
            "abc12345",
            "pokemon1",
        ] {
            assert!(is_common(password), "{password}");
        }
    }

    #[test]
    fn the_rules_refuse_the_thousands_that_lists_hold() {
        let endings = ["", "1", "12", "123", "1234", "2024", "!", "99", "007"];
        let listed = WORDS.lines().flat_map(|word| endings.map(|ending| format!("{word}{ending}")));
        let long_enough: Vec<String> = listed.filter(|password| password.chars().count() >= 8).collect();
        assert!(long_enough.len() >= 3000, "{}", long_enough.len());
        assert!(long_enough.iter().all(|password| is_common(password)));
    }

    #[test]
    fn what_somebody_thought_of_passes() {
        for password in [
            "correct horse",
            "another horse",
            "wrong horse",
            "tr0ub4dor&3x",
            "kitchen-window-blue",
            "xk7#pQ2m",
            "Süßes Brot im Ofen",
            "dragon sunshine",
            "7#9%2&4*",
            "我的密码是很长的",
            "9f3kd02l",
        ] {
            assert!(!is_common(password), "{password}");
        }
    }

    #[test]
    fn a_password_is_not_the_name_with_a_number() {
        assert!(is_about("margarethe1", "Margarethe") && is_about("xxMargarethe", "margarethe"));
        assert!(!is_about("margarethe eats her breakfast", "margarethe"));
    }
}
