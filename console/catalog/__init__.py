"""Finding, loading, checking and rendering runbooks and plugins.

What others use, module by module (nothing is imported here, so that naming a part loads only that part):

    registry.load_registry(roots) -> Registry         built-in kinds and those of `plugins/` in each root
        .kind(name) -> Kind                           by Kind.name; NotFoundError says which plugins were found
        .plugins, .problems                           what was loaded, and each plugin that was not, with its error
        .plugin_digest(kind_name) -> str              "" for a built-in kind
    finding.Catalogue(roots, registry)
        .entries() -> tuple[Entry, ...]               every runbook file, usable or not; cheap when nothing changed
        .problems                                     of directories and ids, after `entries`
        .find(id_or_path) -> Loaded                   raises NotFoundError or InvalidRunbook
    load.load_file(path, registry) -> Loaded          raises InvalidRunbook with every `engine.problem.Problem`
    load.load_text(text, registry, file=…, directory=…) -> Loaded
        Loaded: runbook, source (text), path, directory, warnings
    check.check_file(path, registry) -> Checked       raises nothing for what a file says
    check.check_paths(paths, registry)                files and directories; NotFoundError for what is not there
        Checked: path, problems, loaded (None with errors), verdict, risk
    pin.pin(loaded, registry) -> Pinned               raises InvalidRunbook for links, `../`, too many or large files
        Pinned: definition (digest), source, files {relative: PinnedFile}, plugins {name: digest}
    pin.lay_out(files, target)                        writes PinnedFiles read-only, all or nothing, digests verified
    form.parse_parameters(runbook, {name: text})      -> {name: Value}; InvalidParameters has every problem
    names.names(params, steps, run, operator)         what expressions may name
    expressions.render(value, names)                  recursively; a whole `{{ expression }}` keeps its type
    expressions.evaluate_condition(text, names)       -> bool, for `when`; both raise CannotRender
    prepare.prepare_step(step, registry, names, place, now=…, requester=…, path=…) -> Prepared
                                                      with its undo; raises steps.kind.CannotPrepare and nothing else
    outputs.check_outputs(step, outputs)              -> typed outputs; ValueError has every problem
    schema.schema(registry) -> dict                   JSON Schema of the language
"""
