//! What a terminal would obey and a reader cannot see: taken out before anything is looked for, so that it hides nothing.

use std::borrow::Cow;

/// A line without control characters, terminal escapes (ECMA-48) and characters that have no width or turn the direction
/// of writing. A tab, and what would begin a new line, becomes a blank.
pub(super) fn clean(line: &str) -> Cow<'_, str> {
    if !line.contains(is_unwanted) {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_until_final(&mut chars),
            '\t' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push(' '),
            c if is_unwanted(c) => {}
            c => out.push(c),
        }
    }
    // Lines of Windows end in one.
    if line.ends_with('\r') && out.ends_with(' ') {
        out.pop();
    }
    Cow::Owned(out)
}

fn is_unwanted(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// What follows an escape character and belongs to it.
fn skip_escape(chars: &mut std::str::Chars<'_>) {
    let rest = chars.as_str();
    match rest.chars().next() {
        Some('[') => {
            chars.next();
            skip_until_final(chars);
        }
        // Strings (titles, links): to BEL or ESC \. One that does not end hides nothing but its first character.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            chars.next();
            let rest = chars.as_str();
            // A title is short; a search to the end at every escape would cost the square of a line.
            let to = rest.floor_char_boundary(rest.len().min(1_024));
            let near = rest.get(..to).unwrap_or_default();
            if let Some(end) = near.find(['\u{7}', '\u{1b}']) {
                let bell = near.get(end..).is_some_and(|it| it.starts_with('\u{7}'));
                let st = near.get(end..).is_some_and(|it| it.starts_with("\u{1b}\\"));
                let skip = end + usize::from(bell) + 2 * usize::from(st);
                *chars = rest.get(skip..).unwrap_or_default().chars();
            }
        }
        // ESC ( B and its like have one byte more.
        Some(' '..='/') => {
            chars.next();
            chars.next();
        }
        Some('0'..='~') => {
            chars.next();
        }
        _ => {}
    }
}

/// Parameters and intermediates, then one final byte.
fn skip_until_final(chars: &mut std::str::Chars<'_>) {
    let rest = chars.as_str();
    let end = rest.find(|c| !matches!(c, ' '..='?')).unwrap_or(rest.len());
    let has_final = rest.get(end..).is_some_and(|it| it.starts_with(|c| matches!(c, '@'..='~')));
    *chars = rest.get(end + usize::from(has_final)..).unwrap_or_default().chars();
}
