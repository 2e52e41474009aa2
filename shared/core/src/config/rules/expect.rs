//! `[[expect]]`

use super::{InForce, entries, error};
use crate::config::keys::{bounds, of_load};
use crate::config::read::Reader;
use crate::config::rule::Rule;

pub(super) fn expectations(file: &mut Reader<'_>, all: &InForce<'_>) {
    for (path, _) in entries("expect", &all.layer.expect) {
        let has = |file: &Reader<'_>, name: &str| file.contains(&format!("{path}.{name}"));
        match (has(file, "load"), has(file, "scenario")) {
            (true, false) => {
                load(file, &path);
                if all.layer.capacity.is_none() && !file.is_defaults() {
                    let message = format!(
                        "`{path}` plays load without `[capacity]`: nothing of the service's scaling is managed"
                    );
                    let fix = "begin a section `[capacity]` with `min` and `max`";
                    file.at_first(error(Rule::NoCapacity), &[&path], message, fix);
                }
            }
            (false, true) => scenario(file, &path),
            (both, _) => {
                let message = match both {
                    true => {
                        format!("`{path}` plays both `load` and `scenario`, expected one of them")
                    }
                    false => format!("`{path}` plays nothing, expected `load` or `scenario`"),
                };
                let fix = match both {
                    true => "make two of it",
                    false => "write `load = \"FILE.csv\"` or `scenario = \"FILE.toml\"`",
                };
                file.at_first(error(Rule::ExpectOfNothing), &[&path], message, fix);
            }
        }
    }
}

fn load(file: &mut Reader<'_>, path: &str) {
    let key = |name: &str| format!("{path}.{name}");
    out_of_place(file, path, "runs", "load");
    match (file.contains(&key("per_task")), file.contains(&key("running"))) {
        (true, true) => {
            let message =
                format!("`{path}` has both `per_task` and `running`, expected one of them");
            let fix = "keep `per_task` if the load counts requests or messages, `running` if it is CPU utilization";
            file.at_first(error(Rule::ExpectMeasure), &[&key("running")], message, fix);
        }
        (false, false) => {
            let message = format!("`{path}` does not say what the values of the load are");
            let fix = "write `per_task = 600` if they count requests or messages, `running = 4` if they are CPU utilization";
            file.at_first(error(Rule::ExpectMeasure), &[&key("load")], message, fix);
        }
        _ => {}
    }
    if file.contains(&key("price")) {
        for name in ["region", "arm"] {
            let message = format!("`{}` has no meaning beside `price`", key(name));
            let fix = "leave one of them out";
            file.at_first(error(Rule::KeyOutOfPlace), &[&key(name)], message, fix);
        }
    }
    if !bounds().any(|name| file.contains(&key(name))) {
        let message = format!("`{path}` expects nothing of the load");
        let fix = "write a bound, such as `violating_percent_at_most = 1.0`";
        file.at_first(error(Rule::ExpectWithoutBound), &[&key("load")], message, fix);
    }
}

fn scenario(file: &mut Reader<'_>, path: &str) {
    for name in of_load() {
        out_of_place(file, path, name, "scenario");
    }
}

fn out_of_place(file: &mut Reader<'_>, path: &str, name: &str, with: &str) {
    let key = format!("{path}.{name}");
    let message = format!("`{key}` has no meaning with `{with}`");
    let bound = with == "scenario" && bounds().any(|bound| bound == name);
    let fix = if bound {
        "leave it out: what is expected stands in the scenario, in `[expect.GUARD]`"
    } else {
        "leave it out"
    };
    file.at_first(error(Rule::KeyOutOfPlace), &[&key], message, fix);
}
