//! Which labels somebody looks for: values of a label's own fields, by equality or within a range.

use std::collections::BTreeMap;

use serde_json::Value;

/// Fields that are asked for at once, at most.
pub(crate) const MOST_FIELDS: usize = 8;

/// Bytes of a field's name and of a wanted value, at most.
pub(crate) const MOST_BYTES: usize = 64;

/// A wish that does not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidFilter {
    /// More than anybody needs.
    #[error("at most {MOST_FIELDS} fields of the label are asked for at once")]
    Fields,
    /// No name, or a long one.
    #[error("label.: name a field of the label by 1 to {MOST_BYTES} bytes")]
    Name,
    /// Too long.
    #[error("label.{0}: a value has at most {MOST_BYTES} bytes")]
    Value(String),
    /// Nothing is in it.
    #[error("label.{0}: a range is `2..5`, `2..` or `..5`, its smaller number first")]
    Range(String),
}

/// What a label has to say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LabelFilter(BTreeMap<String, Wanted>);

/// What one field has to say.
#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    /// This text, number, `true` or `false`.
    Equal(String),
    /// A number from and to, both included.
    Within(f64, f64),
}

impl LabelFilter {
    /// Fields of the label with what is wanted of each: `desert`, `4`, `true`, or a range as `2..5`.
    pub(crate) fn new(wishes: impl IntoIterator<Item = (String, String)>) -> Result<LabelFilter, InvalidFilter> {
        let mut fields = BTreeMap::new();
        for (name, text) in wishes {
            if name.is_empty() || name.len() > MOST_BYTES {
                return Err(InvalidFilter::Name);
            }
            if text.len() > MOST_BYTES {
                return Err(InvalidFilter::Value(name));
            }
            let wanted = wanted(&text).ok_or_else(|| InvalidFilter::Range(name.clone()))?;
            fields.insert(name, wanted);
            if fields.len() > MOST_FIELDS {
                return Err(InvalidFilter::Fields);
            }
        }
        Ok(LabelFilter(fields))
    }

    /// Whether a label says all of it. One that is no JSON object says nothing.
    pub(crate) fn fits(&self, label: &str) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let Ok(Value::Object(label)) = serde_json::from_str(label) else { return false };
        self.0.iter().all(|(name, wanted)| label.get(name).is_some_and(|value| wanted.is(value)))
    }
}

impl Wanted {
    fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Wanted::Equal(text), Value::String(value)) => text == value,
            (Wanted::Equal(text), Value::Number(value)) => {
                text.parse::<f64>().is_ok_and(|number| value.as_f64() == Some(number))
            }
            (Wanted::Equal(text), Value::Bool(value)) => text == if *value { "true" } else { "false" },
            (Wanted::Within(least, most), Value::Number(value)) => {
                value.as_f64().is_some_and(|value| (*least..=*most).contains(&value))
            }
            _ => false,
        }
    }
}

/// `None`: a range that holds no number.
fn wanted(text: &str) -> Option<Wanted> {
    let Some((least, most)) = text.split_once("..") else { return Some(Wanted::Equal(text.to_owned())) };
    let bound = |text: &str, open: f64| {
        if text.is_empty() { Some(open) } else { text.parse::<f64>().ok().filter(|n| n.is_finite()) }
    };
    let (least, most) = (bound(least, f64::NEG_INFINITY)?, bound(most, f64::INFINITY)?);
    (least <= most).then_some(Wanted::Within(least, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(wishes: &[(&str, &str)]) -> Result<LabelFilter, InvalidFilter> {
        LabelFilter::new(wishes.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())))
    }

    #[test]
    fn a_label_is_found_by_what_its_fields_say() {
        let label = r#"{"map":"desert","round":3,"ranked":true,"tags":["a"],"speed":1.5}"#;
        for (wishes, fits) in [
            (&[][..], true),
            (&[("map", "desert")], true),
            (&[("map", "forest")], false),
            (&[("map", "desert"), ("round", "3")], true),
            (&[("map", "desert"), ("round", "4")], false),
            (&[("round", "2..5")], true),
            (&[("round", "3..3")], true),
            (&[("round", "4..")], false),
            (&[("round", "..3")], true),
            (&[("speed", "1.5")], true),
            (&[("ranked", "true")], true),
            (&[("ranked", "false")], false),
            (&[("tags", "a")], false),
            (&[("map", "..")], false),
            (&[("none", "1")], false),
        ] {
            assert_eq!(filter(wishes).unwrap().fits(label), fits, "{wishes:?}");
        }
    }

    #[test]
    fn a_label_that_is_no_object_says_nothing() {
        for label in ["", "desert", "[1]", "{", "null"] {
            assert!(!filter(&[("map", "desert")]).unwrap().fits(label), "{label}");
            assert!(filter(&[]).unwrap().fits(label), "{label}");
        }
    }

    #[test]
    fn wishes_have_bounds() {
        let many: Vec<(String, String)> = (0..=MOST_FIELDS).map(|n| (n.to_string(), String::new())).collect();
        assert_eq!(LabelFilter::new(many), Err(InvalidFilter::Fields));
        assert_eq!(filter(&[("", "1")]), Err(InvalidFilter::Name));
        assert_eq!(filter(&[("map", &"x".repeat(65))]), Err(InvalidFilter::Value("map".to_owned())));
        for range in ["5..2", "a..b", "..NaN", "1..inf", "1..2..3"] {
            assert_eq!(filter(&[("round", range)]), Err(InvalidFilter::Range("round".to_owned())), "{range}");
        }
    }
}
