//! Files beside parameters: what to write, what to remove, and what stays.

use serde::Serialize;
use steady_aws::parameters::StoredFile;
use steady_core::name::ServiceKey;

use crate::configs::Files;
use crate::live;

/// The parameter that holds for all services.
pub(super) const DEFAULTS: &str = "defaults";

/// What takes the place of a file that is gone: Steady takes back what it made for the service, and then the parameter may go.
const REMOVE: &str = "# Its file is gone: `steady push --prune` wrote this, and deletes it once the scaling is removed.\nremove = true\n";

/// An empty file, since a parameter holds one character at least (PutParameter).
const EMPTY: &str = "# An empty file.\n";

/// The parameters as the tree wants them: name and text, the defaults first, since the others are checked over them.
pub(super) struct Wanted<'a>(Vec<(&'a str, &'a str)>);

/// One parameter that differs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference<'a> {
    pub(super) name: &'a str,
    pub(super) does: Does,
    /// The version that is there; `None`: there is none.
    pub(super) was: Option<u64>,
    pub(super) old: &'a str,
    pub(super) new: &'a str,
}

/// What is done to a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Does {
    /// It is not there yet.
    Create,
    /// The file says something else.
    Change,
    /// Its file is gone, and `remove = true` is written.
    Remove,
    /// Its file is gone, and nothing of its service is managed any more.
    Delete,
}

/// A parameter that has no file, and stays.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Left<'a> {
    pub(super) name: &'a str,
    pub(super) version: u64,
    pub(super) why: &'static str,
}

/// What a push comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pushed<'a> {
    /// In the order in which they are written.
    pub(super) writes: Vec<Difference<'a>>,
    /// Parameters without a file that stay.
    pub(super) left: Vec<Left<'a>>,
    /// How many are as the files.
    same: usize,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(files: &'a Files) -> Self {
        let name = |path: &'a str| path.strip_suffix(".toml").unwrap_or(path);
        let text = |text: &'a str| if text.is_empty() { EMPTY } else { text };
        let all = files.iter().map(|(path, it)| (name(path), text(it)));
        let mut all: Vec<(&str, &str)> = all.collect();
        all.sort_by_key(|(name, _)| (*name != DEFAULTS, *name));
        Self(all)
    }
}

/// `managed`: whose scaling Steady manages, where what has no file is to be pruned.
pub(super) fn compare<'a>(
    wanted: &Wanted<'a>,
    stored: &'a [StoredFile],
    managed: Option<&'a [ServiceKey]>,
) -> Pushed<'a> {
    let mut pushed = Pushed::default();
    for &(name, new) in &wanted.0 {
        match stored.iter().find(|it| it.name == name) {
            Some(it) if it.text == new => pushed.same += 1,
            Some(it) => {
                let (was, old) = (Some(it.version), it.text.as_str());
                pushed.writes.push(Difference { name, does: Does::Change, was, old, new });
            }
            None => {
                let does = Does::Create;
                pushed.writes.push(Difference { name, does, was: None, old: "", new });
            }
        }
    }
    let has_file = |name: &str| wanted.0.iter().any(|(wanted, _)| *wanted == name);
    let mut without: Vec<&StoredFile> = stored.iter().filter(|it| !has_file(&it.name)).collect();
    without.sort_by(|a, b| a.name.cmp(&b.name));
    for it in without {
        pushed.without_file(it, managed);
    }
    // Scaled, and nobody finds a parameter of it either: somebody has deleted it by hand.
    for service in managed.into_iter().flatten() {
        let name = service.as_str();
        if !has_file(name) && !stored.iter().any(|it| it.name == name) {
            let does = Does::Remove;
            pushed.writes.push(Difference { name, does, was: None, old: "", new: REMOVE });
        }
    }
    pushed
}

impl<'a> Pushed<'a> {
    /// How many writes do one of these.
    pub(super) fn count(&self, does: &[Does]) -> usize {
        self.writes.iter().filter(|it| does.contains(&it.does)).count()
    }

    /// What a person is asked: `Write 2 parameters, 1 of them to remove a service's scaling?`
    pub(super) fn question(&self) -> String {
        let count = |does: &[Does]| self.count(does);
        let parameters =
            |many: usize| format!("{many} parameter{}", if many == 1 { "" } else { "s" });
        let written = count(&[Does::Create, Does::Change, Does::Remove]);
        let (removed, deleted) = (count(&[Does::Remove]), count(&[Does::Delete]));
        let mut parts = Vec::new();
        if deleted > 0 {
            parts.push(format!("delete {}", parameters(deleted)));
        }
        if written > 0 {
            let removing = match removed {
                0 => String::new(),
                more => format!(", {more} of them to remove a service's scaling"),
            };
            parts.push(format!("write {}{removing}", parameters(written)));
        }
        let question = parts.join(" and ");
        question.get(..1).unwrap_or_default().to_uppercase()
            + question.get(1..).unwrap_or_default()
            + "?"
    }

    fn without_file(&mut self, it: &'a StoredFile, managed: Option<&[ServiceKey]>) {
        let (name, old, was) = (it.name.as_str(), it.text.as_str(), Some(it.version));
        let mut leave = |why| self.left.push(Left { name, version: it.version, why });
        if name == DEFAULTS {
            return leave("it holds for every service; an empty defaults.toml takes it back");
        }
        if live::service(name).is_err() {
            return leave("not the name of a service's config: not Steady's");
        }
        let Some(managed) = managed else {
            return leave("it has no file; `--prune` removes it");
        };
        let is_managed = managed.iter().any(|it| it.as_str() == name);
        match (old == REMOVE, is_managed) {
            (true, true) => leave(
                "`remove = true` is written, and Steady has not removed all yet; push with `--prune` again later",
            ),
            (true, false) => {
                let does = Does::Delete;
                self.writes.push(Difference { name, does, was, old, new: "" });
            }
            (false, _) => {
                let does = Does::Remove;
                self.writes.push(Difference { name, does, was, old, new: REMOVE });
            }
        }
    }

    /// `2 parameters to write (1 new), 1 to remove, 0 to delete; 49 as the files`
    pub(super) fn sum(&self) -> String {
        let count = |does| self.writes.iter().filter(|one| one.does == does).count();
        format!(
            "Push: {} new, {} to change, {} to remove, {} to delete; {} as the files",
            count(Does::Create),
            count(Does::Change),
            count(Does::Remove),
            count(Does::Delete),
            self.same,
        )
    }
}

impl Does {
    pub(super) fn sign(self) -> char {
        match self {
            Self::Create => '+',
            Self::Change => '~',
            Self::Remove | Self::Delete => '-',
        }
    }

    pub(super) fn in_words(self, was: Option<u64>) -> String {
        match (self, was) {
            (Self::Create, _) => "new".to_owned(),
            (Self::Change, Some(version)) => format!("over version {version}"),
            (Self::Change, None) => "changed".to_owned(),
            (Self::Remove, _) => {
                "no file: `remove = true` is written, so Steady deletes what it made and gives the bounds back".to_owned()
            }
            (Self::Delete, _) => "no file, and its scaling is removed: the parameter is deleted".to_owned(),
        }
    }
}

/// The lines that differ, without those that both begin and end with.
pub(super) fn changed_lines(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let begin = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - begin;
    let end = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let middle = |lines: &[&str], sign: char| -> Vec<String> {
        let count = lines.len() - begin - end;
        lines.iter().skip(begin).take(count).map(|line| format!("{sign} {line}")).collect()
    };
    let mut lines = middle(&old, '-');
    lines.extend(middle(&new, '+'));
    if lines.is_empty() {
        lines.push("  (line ends only)".to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(name: &str, text: &str, version: u64) -> StoredFile {
        StoredFile { name: name.to_owned(), text: text.to_owned(), version }
    }

    fn done<'a>(pushed: &Pushed<'a>) -> Vec<(&'a str, Does)> {
        pushed.writes.iter().map(|one| (one.name, one.does)).collect()
    }

    #[test]
    fn only_what_differs_is_written_and_the_defaults_first() {
        let files: Files = [("a/new.toml", "1"), ("b/same.toml", "2"), ("defaults.toml", "3")]
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .into();
        let stored =
            [stored("b/same", "2", 7), stored("defaults", "0", 3), stored("b/gone", "4", 1)];
        let pushed = compare(&Wanted::of(&files), &stored, None);
        assert_eq!(done(&pushed), [("defaults", Does::Change), ("a/new", Does::Create)]);
        let why = "it has no file; `--prune` removes it";
        assert_eq!(pushed.left, [Left { name: "b/gone", version: 1, why }]);
        assert_eq!(
            pushed.sum(),
            "Push: 1 new, 1 to change, 0 to remove, 0 to delete; 1 as the files"
        );
    }

    #[test]
    fn a_parameter_is_deleted_only_after_its_scaling_is_removed() {
        let files: Files = vec![("a/kept.toml".to_owned(), "1".to_owned())];
        let key = |name: &str| ServiceKey::from(name);
        let stored = [
            stored("a/kept", "1", 1),
            stored("a/scaled", "x", 1),
            stored("a/unscaled", "x", 1),
            stored("a/leaving", REMOVE, 2),
            stored("a/left", REMOVE, 2),
            stored("a/b/c", "x", 1),
            stored("defaults", "x", 1),
        ];
        let managed = ["a/kept", "a/scaled", "a/leaving", "a/vanished"].map(key);
        let pushed = compare(&Wanted::of(&files), &stored, Some(&managed));
        assert_eq!(
            done(&pushed),
            [
                ("a/left", Does::Delete),
                ("a/scaled", Does::Remove),
                ("a/unscaled", Does::Remove),
                ("a/vanished", Does::Remove),
            ]
        );
        let left: Vec<&str> = pushed.left.iter().map(|left| left.name).collect();
        assert_eq!(left, ["a/b/c", "a/leaving", "defaults"]);
    }

    #[test]
    fn the_question_says_what_is_written_removed_and_deleted() {
        let files: Files = vec![("a/new.toml".to_owned(), "1".to_owned())];
        let managed = ["a/scaled", "a/other"].map(ServiceKey::from);
        let asked = |stored: &[StoredFile], managed: Option<&[ServiceKey]>| {
            compare(&Wanted::of(&files), stored, managed).question()
        };
        assert_eq!(asked(&[], None), "Write 1 parameter?");
        let gone = [stored("a/scaled", "x", 1), stored("a/other", "x", 1)];
        let question = "Write 3 parameters, 2 of them to remove a service's scaling?";
        assert_eq!(asked(&gone, Some(&managed)), question);
        let left = [stored("a/left", REMOVE, 2), stored("a/new", "0", 1)];
        assert_eq!(asked(&left, Some(&[])), "Delete 1 parameter and write 1 parameter?");
        let left =
            [stored("a/left", REMOVE, 2), stored("a/gone", REMOVE, 2), stored("a/new", "1", 1)];
        assert_eq!(asked(&left, Some(&[])), "Delete 2 parameters?");
    }

    #[test]
    fn an_empty_file_is_a_parameter_too() {
        let files: Files = vec![("a/empty.toml".to_owned(), String::new())];
        let stored = [stored("a/empty", EMPTY, 1)];
        assert_eq!(done(&compare(&Wanted::of(&files), &[], None)), [("a/empty", Does::Create)]);
        assert_eq!(done(&compare(&Wanted::of(&files), &stored, None)), []);
    }

    #[test]
    fn changed_lines_are_those_between_what_both_share() {
        assert_eq!(changed_lines("a\nb\nc\n", "a\nx\ny\nc\n"), ["- b", "+ x", "+ y"]);
        assert_eq!(changed_lines("a\na\n", "a\n"), ["- a"]);
        assert_eq!(changed_lines("", "a"), ["+ a"]);
        assert_eq!(changed_lines("a\n", "a"), ["  (line ends only)"]);
    }

    #[test]
    fn what_stands_in_for_a_file_that_is_gone_is_config_without_findings() {
        let file = steady_core::config::SourceFile { path: "prod/checkout.toml", text: REMOVE };
        let loaded = steady_core::config::load_tree(&[file]);
        assert_eq!(loaded.findings, []);
        assert!(loaded.tree.unwrap().for_service("prod/checkout").scaling.remove);
    }
}
