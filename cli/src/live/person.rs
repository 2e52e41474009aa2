//! The person who is asked before something is changed.

use std::io::{self, BufRead, Write};

/// Who answers: what is typed at the terminal. `None`: there is none, and nobody is asked.
pub(crate) struct Person<'a>(Option<&'a mut dyn BufRead>);

impl<'a> Person<'a> {
    /// By what is typed.
    pub(crate) fn at(typed: Option<&'a mut dyn BufRead>) -> Self {
        Self(typed)
    }

    /// Whether anybody can be asked.
    pub(crate) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Asks, below what was printed; anything but `y` and `yes` is no, and so is nothing.
    pub(crate) fn wants(
        &mut self,
        question: &str,
        out: &mut impl Write,
        err: &mut impl Write,
    ) -> io::Result<bool> {
        let Some(typed) = &mut self.0 else { return Ok(false) };
        out.flush()?;
        let _ = write!(err, "{question} [y/N] ");
        let _ = err.flush();
        let mut answer = String::new();
        typed.read_line(&mut answer)?;
        Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(mut typed: &[u8]) -> (bool, String) {
        let mut err = Vec::new();
        let mut person = Person::at(Some(&mut typed));
        let wants = person.wants("Write 2 parameters?", &mut Vec::new(), &mut err).unwrap();
        (wants, String::from_utf8(err).unwrap())
    }

    #[test]
    fn only_a_plain_yes_is_one() {
        let cases = [
            ("y\n", true),
            ("yes\n", true),
            ("YES\r\n", true),
            ("  y  \n", true),
            ("y", true),
            ("n\n", false),
            ("\n", false),
            ("", false),
            ("ja\n", false),
            ("yes please\n", false),
            ("\ny\n", false),
        ];
        for (typed, wants) in cases {
            let asked = asked(typed.as_bytes());
            assert_eq!(asked, (wants, "Write 2 parameters? [y/N] ".to_owned()), "{typed:?}");
        }
    }

    #[test]
    fn where_nobody_is_the_answer_is_no_and_nothing_is_asked() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        assert!(!Person::at(None).wants("Go on?", &mut out, &mut err).unwrap());
        assert_eq!((out, err), (vec![], vec![]));
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_no_yes() {
        let mut broken = &b"\xff\n"[..];
        let mut person = Person::at(Some(&mut broken));
        assert!(person.wants("Go on?", &mut Vec::new(), &mut Vec::new()).is_err());
    }
}
