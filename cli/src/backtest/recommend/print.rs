//! The recommendation for people, and as JSON.

use std::io::{self, Write};

use serde_json::{Value, json};
use steady_core::config::Scaling;
use steady_sim::scaling::Figures;

use super::candidates::Windows;
use super::edit::{Line, Reasons, edit, in_words, new_text};
use super::otherwise::{Broken, Sensitivity};
use super::{Answer, Asked, Fold, Knobs, Tuned};
use crate::backtest::load::spell;

/// The file that is tuned.
#[derive(Debug)]
pub(in crate::backtest) struct File<'a> {
    /// As the caller named it.
    pub(in crate::backtest) named: String,
    /// In its tree: `prod/checkout.toml`.
    pub(in crate::backtest) path: &'a str,
    pub(in crate::backtest) text: &'a str,
    pub(in crate::backtest) defaults: Option<&'a str>,
    /// What it was tuned on.
    pub(in crate::backtest) load: &'a str,
}

/// Points of the front that are shown, and lines around a difference.
const FRONT_SHOWN: usize = 8;
const AROUND: usize = 2;

/// Prints it.
pub(in crate::backtest) fn text(
    out: &mut impl Write,
    asked: &Asked<'_>,
    file: &File<'_>,
    answer: &Answer,
) -> io::Result<()> {
    writeln!(out)?;
    match answer {
        Answer::No(why, folds) => {
            writeln!(out, "no recommendation: {why}")?;
            if !folds.is_empty() {
                writeln!(out)?;
                walk(out, asked, folds)?;
            }
            Ok(())
        }
        Answer::Keep(tuned) => {
            writeln!(
                out,
                "recommended: keep the config. It stays within {} ({}), and the cheapest of {} candidates that do so costs {:.2} USD \
                 instead of {:.2}",
                percent(asked.budget),
                percent(tuned.present.violating_load),
                tuned.candidates,
                cost(asked, &tuned.figures),
                cost(asked, &tuned.present),
            )?;
            for warning in warnings(asked, tuned, answer.recommended(tuned)) {
                writeln!(out, "{warning}")?;
            }
            trust(out, asked, tuned, "cheapest")
        }
        Answer::Tuned(tuned) => {
            for line in head(asked, file, tuned) {
                writeln!(out, "{line}")?;
            }
            trust(out, asked, tuned, "recommended")?;
            writeln!(out)?;
            config(out, asked, file, tuned)
        }
    }
}

/// What speaks for it: the walk, the front, what if. `name` is what the candidate that was found is called.
fn trust(out: &mut impl Write, asked: &Asked<'_>, tuned: &Tuned, name: &str) -> io::Result<()> {
    writeln!(out)?;
    walk(out, asked, &tuned.folds)?;
    writeln!(out, "\nthe front: nothing tried is both cheaper and better than one of these")?;
    writeln!(out, "{:>10}  {:>14}  candidate", "cost, USD", "violating load")?;
    for (knobs, figures) in shown_of_front(asked, tuned) {
        let (cost, load) = (cost(asked, figures), percent(figures.violating_load));
        writeln!(out, "{cost:>10.2}  {load:>14}  {}", words(knobs))?;
    }
    writeln!(out, "\nif it were otherwise")?;
    writeln!(out, "{:18}{name:>24}{:>24}", "", "present")?;
    for one in &tuned.sensitivity {
        let side = |figures: &Figures| {
            format!("{}, {:.2} USD", percent(figures.violating_load), cost(asked, figures))
        };
        writeln!(out, "{:18}{:>24}{:>24}", one.what, side(&one.tuned), side(&one.present))?;
    }
    Ok(())
}

fn walk(out: &mut impl Write, asked: &Asked<'_>, folds: &[Fold]) -> io::Result<()> {
    writeln!(out, "walk forward: tuned on what came first, shown on what came next")?;
    writeln!(out, "{:>8} {:>8}  {:^46}  {:^36}", "", "", "violating load", "cost, USD a day")?;
    writeln!(
        out,
        "{:>8} {:>8}  {:>9}{:>9}{:>10}{:>9}{:>9}  {:>9}{:>10}{:>9}{:>9}  candidate",
        "tuned",
        "shown",
        "tuned",
        "shown",
        "present",
        "HPA",
        "static",
        "shown",
        "present",
        "HPA",
        "static"
    )?;
    for fold in folds {
        let load = |figures: &Figures| percent(figures.violating_load);
        let day = |figures: &Figures| format!("{:.2}", cost(asked, figures) / fold.shown_days);
        writeln!(
            out,
            "{:>8} {:>8}  {:>9}{:>9}{:>10}{:>9}{:>9}  {:>9}{:>10}{:>9}{:>9}  {}",
            format!("{:.1} d", fold.tuned_days),
            format!("{:.1} d", fold.shown_days),
            load(&fold.tuned),
            load(&fold.shown),
            load(&fold.present),
            load(&fold.hpa),
            load(&fold.static_peak),
            day(&fold.shown),
            day(&fold.present),
            day(&fold.hpa),
            day(&fold.static_peak),
            words(&fold.knobs),
        )?;
    }
    writeln!(
        out,
        "HPA: its rule at the same utilization and bounds; static: as many tasks as the tuned part's peak needs"
    )?;
    let sums = |of: fn(&Fold) -> &Figures| -> (f64, f64) {
        let load = folds.iter().map(|fold| of(fold).violating_load * fold.shown_days).sum();
        (load, folds.iter().map(|fold| of(fold).task_hours).sum())
    };
    let (ours, hpa) = (sums(|fold| &fold.shown), sums(|fold| &fold.hpa));
    if hpa.0 <= ours.0 && hpa.1 <= ours.1 {
        writeln!(
            out,
            "the HPA rule does better here: it sees a rise after a minute, target tracking after {} datapoints and {}; metrics by \
             20 s (`high_resolution = true`) would close most of that",
            asked.assumed.high_datapoints,
            spell(u64::from(asked.assumed.metric_delay_seconds)),
        )?;
    }
    Ok(())
}

/// The file, and what differs.
fn config(
    out: &mut impl Write,
    asked: &Asked<'_>,
    file: &File<'_>,
    tuned: &Tuned,
) -> io::Result<()> {
    let Some(lines) = edited(asked, file, tuned) else {
        writeln!(
            out,
            "{} is not written so that it can be changed line by line; put in:",
            file.named
        )?;
        return in_place_of_a_file(out, &tuned.config);
    };
    writeln!(out, "the config:\n")?;
    write!(out, "{}", new_text(&lines))?;
    writeln!(out, "\nthe difference:\n\n--- {}\n+++ recommended", file.named)?;
    difference(out, &lines)
}

fn edited(asked: &Asked<'_>, file: &File<'_>, tuned: &Tuned) -> Option<Vec<Line>> {
    let reasons = reasons(asked, file, tuned);
    edit(file.text, file.path, file.defaults, asked.config, &tuned.config, &reasons)
}

fn in_place_of_a_file(out: &mut impl Write, config: &Scaling) -> io::Result<()> {
    if let Some(capacity) = config.capacity {
        writeln!(out, "  capacity: min {}, max {}", capacity.min, capacity.max)?;
    }
    for one in &config.target_tracking {
        writeln!(out, "  {}", in_words(one))?;
    }
    for one in &config.window {
        let bound = |name: &str, bound: Option<u32>| {
            bound.map(|bound| format!(", {name} {bound}")).unwrap_or_default()
        };
        let (min, max) = (bound("min", one.min), bound("max", one.max));
        writeln!(out, "  window {}: {} to {}{min}{max}", one.name, one.start, one.end)?;
    }
    Ok(())
}

/// The changed lines with what stands around them.
fn difference(out: &mut impl Write, lines: &[Line]) -> io::Result<()> {
    let changed = |line: &Line| !matches!(line, Line::Same(_));
    let near = |place: usize| {
        let around = lines.iter().enumerate().skip(place.saturating_sub(AROUND));
        around.take_while(|(at, _)| *at <= place + AROUND).any(|(_, line)| changed(line))
    };
    let mut apart = false;
    for (place, line) in lines.iter().enumerate() {
        if !near(place) {
            apart = true;
            continue;
        }
        if std::mem::take(&mut apart) {
            writeln!(out, "@@")?;
        }
        match line {
            Line::Same(text) => writeln!(out, " {text}")?,
            Line::Gone(text) => writeln!(out, "-{text}")?,
            Line::New(text) => writeln!(out, "+{text}")?,
        }
    }
    Ok(())
}

/// What it comes to, in two sentences.
fn head(asked: &Asked<'_>, file: &File<'_>, tuned: &Tuned) -> Vec<String> {
    let (new, old) = (&tuned.figures, &tuned.present);
    let shown = super::share_shown(&tuned.folds);
    let mut lines = vec![
        format!(
            "Recommended by `steady backtest` for {}, at most {} of it in violating minutes:",
            file.load,
            percent(asked.budget),
        ),
        format!(
            "{:.2} USD instead of {:.2} for {:.0} days, {} of the load in violating minutes instead of {}; {} candidates.",
            cost(asked, new),
            cost(asked, old),
            super::days(asked.demand.tasks.len(), asked.demand.step),
            percent(new.violating_load),
            percent(old.violating_load),
            tuned.candidates,
        ),
        format!("On later load that the tuning had not seen it came to {}.", percent(shown)),
    ];
    if tuned.margin < 1.0 {
        lines.push(format!(
            "It was tuned to {} of the budget, since with more of it later load broke the budget.",
            if tuned.margin == 0.5 { "half" } else { "a quarter" },
        ));
    }
    lines.extend(warnings(asked, tuned, new));
    lines
}

/// What would break the budget of what is recommended, whose figures are given, and what would hold it: a sentence or two each.
pub(in crate::backtest) fn warnings(
    asked: &Asked<'_>,
    tuned: &Tuned,
    recommended: &Figures,
) -> Vec<String> {
    let broken = tuned.sensitivity.iter().filter_map(|one| Some((one, one.broken.as_ref()?)));
    let said = broken.map(|(one, broken)| {
        let what = one.what;
        // Where the present config is what is recommended, that is said already.
        let present = match one.present.violating_load {
            share if share == broken.violating_load => String::new(),
            share => format!(" (the present config: {})", percent(share)),
        };
        let holds = match &broken.holds {
            Some((knobs, figures)) => format!(
                "Of the front, `{}` would hold it, for {:.2} USD instead of {:.2} with the load as recorded.",
                words(knobs),
                cost(asked, figures),
                cost(asked, recommended),
            ),
            None => "Nothing on the front would hold it.".to_owned(),
        };
        format!(
            "Warning: {what} breaks the budget of {}, with {} of the load in violating minutes{present}, {:.2} points too much. {holds}",
            percent(asked.budget),
            percent(broken.violating_load),
            broken.over * 100.0,
        )
    });
    said.collect()
}

fn reasons(asked: &Asked<'_>, file: &File<'_>, tuned: &Tuned) -> Reasons {
    let knobs = &tuned.knobs;
    let full = format!("{:.0} %", knobs.fill * 100.0);
    let room = (1.0 / knobs.fill - 1.0) * 100.0;
    Reasons {
        head: head(asked, file, tuned),
        min: format!("so many tasks are enough in {} of the time", percent(tuned.min_is_enough)),
        max: format!(
            "the peak needs {} tasks, with each {full} full {:.0}; a third more is room",
            tuned.peak,
            f64::from(tuned.peak) / knobs.fill
        ),
        target: format!(
            "tasks are kept {full} full, so load may rise by {room:.0} % before there are more"
        ),
        cooldown: "the cheaper of those tried".to_owned(),
        window: match &knobs.windows {
            Windows::Found(_) => {
                "hours in which more is needed every day: tasks are there before the load is"
                    .to_owned()
            }
            Windows::Lowered(share) => format!("{:.0} % of it are enough", share * 100.0),
            Windows::Kept => "never below the floor".to_owned(),
        },
    }
}

/// `min 4, 62 % full, window busy-hours of 9`.
pub(in crate::backtest) fn words(knobs: &Knobs) -> String {
    let mut text = format!("min {}, {:.0} % full", knobs.min, knobs.fill * 100.0);
    let cooldown = |seconds: Option<i64>, way: &str| {
        seconds.map(|seconds| format!(", {seconds} s {way}")).unwrap_or_default()
    };
    text += &cooldown(knobs.scale_out_cooldown, "out");
    text += &cooldown(knobs.scale_in_cooldown, "in");
    match &knobs.windows {
        Windows::Kept => {}
        Windows::Lowered(share) => text += &format!(", windows at {:.0} %", share * 100.0),
        Windows::Found(window) => {
            text += &format!(", window of {}", window.min.unwrap_or_default());
        }
    }
    text
}

/// Points spread over the front, always with the ends and the one recommended.
fn shown_of_front<'t>(asked: &Asked<'_>, tuned: &'t Tuned) -> Vec<&'t (Knobs, Figures)> {
    let front = &tuned.front;
    let last = front.len().saturating_sub(1);
    let budget = asked.budget * tuned.margin;
    let chosen = front.iter().position(|(_, figures)| figures.violating_load <= budget);
    let mut places: Vec<usize> =
        (0..FRONT_SHOWN).map(|place| place * last / (FRONT_SHOWN - 1)).chain(chosen).collect();
    places.sort_unstable();
    places.dedup();
    places.into_iter().filter_map(|place| front.get(place)).collect()
}

/// USD for the tasks of a run.
pub(in crate::backtest) fn cost(asked: &Asked<'_>, figures: &Figures) -> f64 {
    figures.task_hours * asked.price.task_hour
}

/// The same as data.
pub(in crate::backtest) fn json(asked: &Asked<'_>, file: &File<'_>, answer: &Answer) -> Value {
    let (tuned, keep) = match answer {
        Answer::No(why, folds) => {
            return json!({"answer": "none", "why": why, "budget": asked.budget, "walk_forward": folds});
        }
        Answer::Tuned(tuned) => (tuned, false),
        Answer::Keep(tuned) => (tuned, true),
    };
    let point = |(knobs, figures): &(Knobs, Figures)| json!({"candidate": knobs, "cost_usd": cost(asked, figures), "violating_load": figures.violating_load});
    let broken = |one: &Broken| json!({"violating_load": one.violating_load, "over": one.over, "holds": one.holds.as_ref().map(point)});
    let otherwise = |one: &Sensitivity| {
        let broken = one.broken.as_ref().map(broken);
        json!({"what": one.what, "tuned": one.tuned, "present": one.present, "breaks_budget": broken})
    };
    let text = if keep { None } else { edited(asked, file, tuned).map(|lines| new_text(&lines)) };
    json!({
        "answer": if keep { "keep" } else { "change" },
        "budget": asked.budget,
        "tuned_to": asked.budget * tuned.margin,
        "candidates": tuned.candidates,
        "candidate": tuned.knobs,
        "config": tuned.config,
        "file": text,
        "cost_usd": cost(asked, &tuned.figures),
        "figures": tuned.figures,
        "present": tuned.present,
        "walk_forward": tuned.folds,
        "walk_forward_violating_load": super::share_shown(&tuned.folds),
        "front": tuned.front.iter().map(point).collect::<Vec<_>>(),
        "sensitivity": tuned.sensitivity.iter().map(otherwise).collect::<Vec<_>>(),
        "warnings": warnings(asked, tuned, answer.recommended(tuned)),
    })
}

/// `0.62 %`
pub(in crate::backtest) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 10.0 {
        format!("{percent:.2} %")
    } else {
        format!("{percent:.0} %")
    }
}
