//! Text of a typed input as words. Most punctuation only helps the eye and is passed over: the schema says what comes
//! next.

/// A piece of a typed input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A name or a number.
    Word(String),
    /// What stood in quotes.
    Text(String),
    /// `[`: a list begins.
    Open,
    /// `]`: it ends.
    Close,
}

/// Cuts a text into tokens. An unclosed quote reaches to the end.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '[' => tokens.push(Token::Open),
            ']' => tokens.push(Token::Close),
            '"' => {
                let mut quoted = String::new();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => quoted.extend(chars.next()),
                        c => quoted.push(c),
                    }
                }
                tokens.push(Token::Text(quoted));
            }
            c if is_word(c) => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| is_word(*c)) {
                    word.push(c);
                }
                tokens.push(Token::Word(word));
            }
            _ => {}
        }
    }
    tokens
}

/// Characters of names and numbers.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '+')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_outside_of_lists_and_quotes_is_passed_over() {
        let word = |text: &str| Token::Word(text.to_owned());
        assert_eq!(tokens("Move { x: -1, y: 2 }"), [word("Move"), word("x"), word("-1"), word("y"), word("2")]);
        assert_eq!(tokens("[1,2]"), [Token::Open, word("1"), word("2"), Token::Close]);
        assert_eq!(tokens(r#"Say("a \"b\"")"#), [word("Say"), Token::Text("a \"b\"".to_owned())]);
        assert_eq!(tokens("\"open"), [Token::Text("open".to_owned())]);
    }
}
