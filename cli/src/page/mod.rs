//! Pages for a browser. Each is one file that needs nothing but itself: no script, no font, no address. All that a page says it
//! says without a pointer, in light and in dark.

use std::fmt::Write as _;

/// What all pages share; the rest is their own.
const STYLE: &str = include_str!("page.css");

/// A whole page of `body`, with what it adds to the style of all.
pub(crate) fn page(title: &str, style: &str, body: &str) -> String {
    let mut page = String::with_capacity(STYLE.len() + style.len() + body.len() + 400);
    let title = escaped(title);
    let _ = write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>\n{STYLE}{style}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
    );
    page
}

/// Text as HTML, in an attribute too.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Text in which what stands in backticks is a name.
pub(crate) fn with_names(text: &str) -> String {
    let mut marked = String::with_capacity(text.len());
    let parts: Vec<&str> = text.split('`').collect();
    for (place, part) in parts.iter().enumerate() {
        let closed = place + 1 < parts.len();
        let _ = match (place % 2 == 1, closed) {
            (true, true) => write!(marked, "<code>{}</code>", escaped(part)),
            (true, false) => write!(marked, "`{}", escaped(part)),
            (false, _) => write!(marked, "{}", escaped(part)),
        };
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_marked_and_nothing_of_a_text_becomes_a_tag() {
        let table = [
            ("`cpu`: 80 above 60", "<code>cpu</code>: 80 above 60"),
            ("`a<b>` & `c`", "<code>a&lt;b&gt;</code> &amp; <code>c</code>"),
            ("one ` alone", "one ` alone"),
        ];
        for (text, expected) in table {
            assert_eq!(with_names(text), expected);
        }
    }
}
