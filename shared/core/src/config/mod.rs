//! The team's config: `defaults.toml` for all services, `<cluster>/<service>.toml` for one.
//!
//! ```text
//! SourceFile ─ read (spanned TOML) ─▶ layer ─ over the defaults ─▶ ServiceConfig ─▶ ConfigTree
//!                 └──── Findings: all of them, with line, column, key and fix ─────▶ Loaded
//! ```
//!
//! A service's file holds field by field over `defaults.toml`, and that over what is built in
//! ([`ServiceConfig::default`]); an array replaces the other whole. Scaling is for services that have a file: what
//! `defaults.toml` says of it holds for those alone, so that no service is scaled that nobody named. Unknown keys are
//! errors, with a suggestion. What comes out is checked: nothing after this module looks at a raw value again.
//!
//! No file is opened here: callers hand in path and text, be they from a directory or from parameters.
//! Start reading at [`load_tree`]; the format itself is the tables in `keys`, each with its form, from which the JSON
//! Schema is made too ([`schema()`]); what must fit together is in `rules`.

mod build;
mod duration;
mod expect;
mod finding;
mod form;
mod keys;
mod read;
mod reference;
mod rule;
mod rules;
mod scaling;
mod schema;
mod syntax;
mod value;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

pub use duration::{DurationError, parse_duration, render_duration, suggest_duration};
pub use expect::{Expect, LoadBounds, LoadSettings, Measure, Play, Running, parse_vcpu_and_gb};
pub use finding::{Finding, Severity};
pub use reference::reference;
pub use rule::Rule;
pub use scaling::*;
pub use schema::{FileKind, schema};

use finding::{nearest, sort};
use keys::Layer;
use read::{Reader, SyntaxOk};
use rules::{ACROSS, InForce};

/// What may be done to a service whose new revision is bad: `rollback` in `[health]`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum RollbackMode {
    /// `"auto"`: roll back, and tell.
    Auto,
    /// `"notify"`, the default: tell, with what a person would do; never act.
    #[default]
    Notify,
    /// `"off"`: no rollback is proposed either. Incidents are still told.
    Off,
}

/// Who convicts a revision when no task of the old one is left to compare with: `witness` in `[health]`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Witness {
    /// `"act"`, the default: nobody; hold for a minute, then act unless something speaks against it.
    #[default]
    Act,
    /// `"probe"`: start a few tasks of the proven revision and see whether they live. Needs the stack's consent too.
    Probe,
    /// `"page"`: a person; only tell.
    Page,
}

/// How a service is judged and what may be done about it: `[health]`.
///
/// ```toml
/// [health]
/// rollback = "auto"
/// witness = "act"
/// rollback_window = "24h"
/// deadline = "20m"
/// soak = "10m"
/// rollback_alarms = ["checkout-5xx"]
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// What may be done. Default [`RollbackMode::Notify`].
    pub rollback: RollbackMode,
    /// Who convicts when no old task is left. Default [`Witness::Act`].
    pub witness: Witness,
    /// How old a proven revision may be and still be rolled back by itself: 0 s to 30 d, default 24 h. Zero: a
    /// revision, once proven, is never rolled back without a person.
    pub rollback_window: SignedDuration,
    /// A deployment that takes longer is stuck: 1 min to 24 h, default 20 min. Bake, shift and pauses not counted.
    pub deadline: SignedDuration,
    /// How long a completed deployment must behave to be proven: 0 s to 24 h, default 10 min. Bake, shift and pauses
    /// not counted. Zero: proven as soon as it completes.
    pub soak: SignedDuration,
    /// Names of CloudWatch alarms that speak against a new revision, in the file's order, no name twice. Default none.
    pub rollback_alarms: Vec<String>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            rollback: RollbackMode::Notify,
            witness: Witness::Act,
            rollback_window: SignedDuration::from_hours(24),
            deadline: SignedDuration::from_mins(20),
            soak: SignedDuration::from_mins(10),
            rollback_alarms: Vec::new(),
        }
    }
}

/// The shape of notices on a topic: `format` in `[notify]`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum NoticeFormat {
    /// `"text"`, the default: for mail.
    #[default]
    Text,
    /// `"json"`: for machines.
    Json,
    /// `"chat"`: the custom notifications of Amazon Q Developer in chat applications.
    Chat,
}

/// Where notices go: `[notify]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Notify {
    /// ARN of a standard SNS topic, `arn:aws:sns:eu-west-1:111122223333:payments-oncall`. `None`, the default: the
    /// account's default topic.
    pub topic: Option<String>,
    /// Default [`NoticeFormat::Text`].
    pub format: NoticeFormat,
}

/// What a team wants for one service, checked.
///
/// The default is that of a service without any config: watched, reported to the default topic, nothing changed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceConfig {
    /// Whose service it is, at most 100 characters; stands in notices. Default `None`: nobody is named.
    pub team: Option<String>,
    /// `[health]`
    pub health: Health,
    /// `[notify]`
    pub notify: Notify,
    /// What is wanted of its scaling. Not written with the rest: it is kept in the service's scaling record.
    #[serde(skip)]
    pub scaling: Scaling,
    /// `[[expect]]`, in the file's order. Not written with the rest: nothing that runs looks at it.
    #[serde(skip)]
    pub expect: Vec<Expect>,
}

/// All files of a config tree, checked and merged. The default is the tree without files.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ConfigTree {
    /// What holds for a service without a file of its own. Its scaling is none.
    pub defaults: ServiceConfig,
    /// Families of tasks that belong to no service and whose failures are told; `[notify]` of `defaults.toml`.
    /// In the file's order, none twice. Default none.
    pub standalone_tasks: Vec<String>,
    /// By `cluster/service`.
    services: BTreeMap<String, ServiceConfig>,
}

impl ConfigTree {
    /// The config of `service`, as `cluster/service`: its own, else the defaults.
    pub fn for_service(&self, service: &str) -> &ServiceConfig {
        self.services.get(service).unwrap_or(&self.defaults)
    }

    /// The services that have a file of their own, as `cluster/service`, sorted by name.
    pub fn services(&self) -> impl Iterator<Item = (&str, &ServiceConfig)> {
        let services = self.services.iter();
        services.map(|(name, config)| (name.as_str(), config))
    }
}

/// One file as the caller found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceFile<'a> {
    /// Relative to the tree, with `/`: `defaults.toml`, or `prod/checkout.toml` for service `checkout` in cluster
    /// `prod`. Anything else is an error: what is not `.toml` should not be handed in.
    pub path: &'a str,
    /// The content.
    pub text: &'a str,
}

/// What came of loading a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// `None` if any finding is an error: half a tree must not take effect.
    pub tree: Option<ConfigTree>,
    /// Every finding, sorted by file, line and column.
    pub findings: Vec<Finding>,
}

/// Checks and merges the files of a tree, in whatever order they come. A tree may be a single file.
///
/// Never fails and never stops early: what is wrong is in [`Loaded::findings`]. A value with an error counts as
/// absent in the checks that follow it.
///
/// ```
/// use steady_core::config::{RollbackMode, SourceFile, load_tree};
///
/// let defaults = SourceFile { path: "defaults.toml", text: "team = 'payments'" };
/// let checkout = SourceFile { path: "prod/checkout.toml", text: "[health]\nrollback = 'auto'" };
/// let tree = load_tree(&[checkout, defaults]).tree.unwrap();
/// assert_eq!(tree.for_service("prod/checkout").health.rollback, RollbackMode::Auto);
/// assert_eq!(tree.for_service("prod/checkout").team.as_deref(), Some("payments"));
///
/// let typo = SourceFile { path: "prod/checkout.toml", text: "[health]\nsook = '5m'" };
/// let loaded = load_tree(&[typo]);
/// assert_eq!(loaded.tree, None);
/// assert_eq!(
///     loaded.findings[0].to_string(),
///     "prod/checkout.toml:2:1: `health.sook` is unknown in `[health]`; did you mean `health.soak`",
/// );
/// ```
pub fn load_tree(files: &[SourceFile<'_>]) -> Loaded {
    let mut files: Vec<(Place, &SourceFile<'_>)> =
        files.iter().map(|file| (place(file.path), file)).collect();
    // The defaults first: the others are checked as merged with them.
    files.sort_by_key(|(place, file)| (*place != Place::Defaults, file.path));

    let mut tree = ConfigTree::default();
    let mut defaults = Layer::default();
    let mut findings = Vec::new();
    let mut paths = BTreeSet::new();
    for (place, file) in files {
        check_file(file, &place, &mut findings);
        if !paths.insert(file.path) {
            let fix = "hand each file in once";
            let message = "the file is there twice";
            findings.push(of_file(ERROR, Rule::FileTwice, file.path, message, Some(fix)));
        }
        let layer = read_file(file, &place, &defaults, &mut findings);
        put(&mut tree, &mut defaults, place, layer);
    }
    sort(&mut findings);
    let valid = findings.iter().all(|f| f.severity != Severity::Error);
    Loaded { tree: valid.then_some(tree), findings }
}

/// What the file says, with what is wrong with it over `base`.
fn read_file(
    file: &SourceFile<'_>,
    place: &Place,
    base: &Layer,
    findings: &mut Vec<Finding>,
) -> Layer {
    let mut reader = Reader::new(file.path, file.text, place);
    let (layer, SyntaxOk(syntax_ok)) = reader.read();
    if syntax_ok {
        reader.tell_absent();
        let over = layer.over(base);
        let config = over.config();
        for check in ACROSS {
            check(&mut reader, &InForce { layer: &over, config: &config });
        }
    }
    findings.append(&mut reader.into_findings());
    layer
}

fn put(tree: &mut ConfigTree, defaults: &mut Layer, place: Place, layer: Layer) {
    match place {
        Place::Defaults => {
            let config = layer.config();
            let notify = layer.notify.clone().unwrap_or_default();
            tree.standalone_tasks = notify.standalone_tasks.unwrap_or_default();
            // Nobody named the services that have no file: they are left alone.
            tree.defaults = ServiceConfig { scaling: Scaling::default(), ..config };
            *defaults = layer;
        }
        Place::Service(service) => {
            tree.services.insert(service, layer.over(defaults).config());
        }
        Place::Misnamed => {}
    }
}

// Files as a whole.

/// Largest file, in bytes: the live config is one standard SSM parameter per file, and those hold 4 KB
/// (PutParameter in the Systems Manager API reference).
pub const FILE_BYTES_MAX: usize = 4_096;

/// The name of the file that holds for all services.
const DEFAULTS: &str = "defaults.toml";

/// What kind of file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// `defaults.toml`
    Defaults,
    /// `<cluster>/<service>.toml`, as `cluster/service`.
    Service(String),
    /// Neither; its content is checked all the same.
    Misnamed,
}

const ERROR: Severity = Severity::Error;

fn place(path: &str) -> Place {
    if path == DEFAULTS {
        return Place::Defaults;
    }
    let service = path.strip_suffix(".toml").and_then(|p| p.split_once('/'));
    match service {
        Some((cluster, name)) if keys::is_ecs_name(cluster) && keys::is_ecs_name(name) => {
            Place::Service(format!("{cluster}/{name}"))
        }
        _ => Place::Misnamed,
    }
}

fn check_file(file: &SourceFile<'_>, place: &Place, findings: &mut Vec<Finding>) {
    let path = file.path;
    let checks = [misnamed(path, place), nested_defaults(path), too_large(file)];
    findings.extend(checks.into_iter().flatten());
}

fn misnamed(path: &str, place: &Place) -> Option<Finding> {
    if *place != Place::Misnamed {
        return None;
    }
    let message = "expected `defaults.toml` or `<cluster>/<service>.toml`, where names are 1 to 255 letters, digits, \
                   `-` or `_`";
    let near = nearest(path, [DEFAULTS]).is_some();
    let fix = near.then_some("did you mean `defaults.toml`");
    Some(of_file(ERROR, Rule::MisnamedFile, path, message, fix))
}

fn nested_defaults(path: &str) -> Option<Finding> {
    let cluster = path.strip_suffix("/defaults.toml")?;
    keys::is_ecs_name(cluster).then(|| {
        let message = format!(
            "read as the config of a service named `defaults` in cluster `{cluster}`: there are no defaults per cluster"
        );
        let fix = "move it to `defaults.toml`, or to the services' own files";
        of_file(Severity::Warning, Rule::DefaultsOfCluster, path, &message, Some(fix))
    })
}

fn too_large(file: &SourceFile<'_>) -> Option<Finding> {
    let bytes = file.text.len();
    (bytes > FILE_BYTES_MAX).then(|| {
        let message = format!(
            "the file has {bytes} bytes, expected at most {FILE_BYTES_MAX}, the size of an SSM parameter"
        );
        let fix = "shorten it, or move what services share to `defaults.toml`";
        of_file(ERROR, Rule::FileTooLarge, file.path, &message, Some(fix))
    })
}

/// A finding that is about no line in particular.
fn of_file(
    severity: Severity,
    rule: Rule,
    path: &str,
    message: &str,
    fix: Option<&str>,
) -> Finding {
    Finding {
        severity,
        rule: Some(rule),
        file: path.to_owned(),
        line: 1,
        column: 1,
        width: 0,
        key: String::new(),
        message: message.to_owned(),
        fix: fix.map(str::to_owned),
    }
}
