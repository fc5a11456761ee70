"""Finding, loading, checking and rendering runbooks and plugins.

What the server uses, module by module (nothing is imported here, so that naming a part loads only that part):

    registry.load_registry(roots) -> Registry            built-in kinds and those of `plugins/` in each root
        .kind(name) -> Kind                              by Kind.name; raises NotFoundError and says which plugins were found
        .problems: tuple[PluginProblem, ...]             plugins that failed to load, each with its error
        .plugin_digest(kind_name) -> str                 "" for a built-in kind
    finding.Catalogue(roots, registry)
        .entries() -> tuple[Entry, ...]                  id, title, path, problems of every runbook; cheap when nothing changed
        .find(id_or_path) -> Loaded                      raises NotFoundError or InvalidRunbook
    load.load_file(path, registry) -> Loaded             raises InvalidRunbook with every `engine.problem.Problem`
    load.load_text(text, registry, file=…, directory=…) -> Loaded
        Loaded: runbook, source (text), path, directory, warnings
    check.check_file(path, registry) -> Checked          never raises for what a file says
        Checked: problems, loaded (None with errors), verdict, risk; `check.check_paths` for files and directories
    pin.pin(loaded, registry) -> Pinned                  definition (digest), files {relative: PinnedFile}, plugins {name: digest}
        PinnedFile: digest, data, executable             raises InvalidRunbook for links, `../`, too many or too large files
    pin.lay_out(files, target)                           writes {relative: PinnedFile} read-only, atomically, digests verified
    form.parse_parameters(runbook, {name: text}) -> {name: Value}   raises form.InvalidParameters with every problem
    names.names(params, steps, run, operator) -> dict    what expressions may name
    expressions.render(value, names)                     recursively; `{{ one expression }}` alone keeps its type
    expressions.evaluate_condition(text, names) -> bool  for `when`; both raise expressions.CannotRender
    prepare.prepare_step(step, registry, names, place, now=…, requester=…, path=…) -> Prepared
                                                         with its undo; raises steps.kind.CannotPrepare and nothing else
    prepare.check_outputs(step, outputs) -> dict         typed outputs; raises ValueError with every problem
    schema.schema(registry) -> dict                      JSON Schema of the language
"""
