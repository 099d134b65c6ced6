"""Start the local AWS engine with the AWS behaviours that this project needs and the engine lacks.

Run as `python -m engine` from the folder above. Settings are the engine's own environment variables (GATEWAY_PORT,
BIND_HOST, AUTH, ...) plus LOCAL_ENGINE_PARENT_PID, whose end also ends the engine.

The engine is a test double: product code follows AWS, and each module here closes one gap between the two.
"""

from . import seams, watchdog


def main() -> None:
    seams.require_known_engine()
    watchdog.follow_parent()

    # Imported only now: each module edits the engine when it is imported, and must not meet an unknown one.
    # Order matters where two modules touch the same function: text edits first, wrappers after them.
    from . import checksums, object_etags, object_listing, object_subresources  # noqa: F401
    from . import null_versions, object_copy, object_multipart, object_put, object_ranges  # noqa: F401
    from . import bucket_inventories, iam_objects, object_events  # noqa: F401
    # After bucket_inventories: the guards look at its requests too.
    from . import request_guards  # noqa: F401
    from . import bucket_properties, header_bytes, lambda_errors, map_results  # noqa: F401
    from . import schedules, state_machines, transport  # noqa: F401

    import ministack.app

    ministack.app.main()


if __name__ == "__main__":
    main()
