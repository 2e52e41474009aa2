//! Text with places that stand for any text.

/// Whether `text` is as `wanted` says, in which `*` is any text and, where `places` has it, `?` any one character.
pub(crate) fn glob(wanted: &str, text: &str, places: &[char]) -> bool {
    let (wanted, text): (Vec<char>, Vec<char>) = (wanted.chars().collect(), text.chars().collect());
    fits(&wanted, &text, places)
}

fn fits(wanted: &[char], text: &[char], places: &[char]) -> bool {
    match (wanted.split_first(), text.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((place @ '*', after)), rest) if places.contains(place) => {
            fits(after, text, places) || rest.is_some_and(|(_, rest)| fits(wanted, rest, places))
        }
        (Some((place @ '?', after)), Some((_, rest))) if places.contains(place) => {
            fits(after, rest, places)
        }
        (Some((one, after)), Some((other, rest))) => one == other && fits(after, rest, places),
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn a_star_is_any_text_and_a_question_mark_one_character() {
        let cases = [
            ("arn:aws:ecs:*:service/prod/*", "arn:aws:ecs:eu-west-1:1:service/prod/checkout", true),
            ("arn:aws:ecs:*:service/prod/*", "arn:aws:ecs:eu-west-1:1:service/dev/checkout", false),
            ("*", "", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b", false),
            ("web-?", "web-1", true),
            ("web-?", "web-", false),
            ("", "a", false),
        ];
        for (wanted, text, fits) in cases {
            assert_eq!(glob(wanted, text, &['*', '?']), fits, "{wanted} {text}");
        }
        assert!(!glob("web-?", "web-1", &['*']));
    }
}
