"""Python reads this first, in every process of a suite; each part does its work where a suite asks for it.

GATEHOUSE_SUITE_CONF: castellan's functional tests take oslo.config's global configuration as they find it, and nobody
has read a file into it by then. This reads the one that is named.

GATEHOUSE_SUITE_NEWER: current sources import and annotate with what Debian's libraries lack when they are older.
Nothing of it is used by a test: a service's choice of threads, and classes with parameters.
"""
import os
import sys
import types


def choice_of_threads():
    try:
        import oslo_service.backend  # noqa: F401
    except ImportError:
        module = types.ModuleType('oslo_service.backend')
        module.BackendType = types.SimpleNamespace(EVENTLET='eventlet', THREADING='threading')
        module.init_backend = module.register_backend_default_hook = lambda *_: None
        sys.modules[module.__name__] = module


def classes_with_parameters():
    from stevedore import dispatch, driver, enabled, extension, hook, named

    for module in (dispatch, driver, enabled, extension, hook, named):
        for value in vars(module).values():
            if isinstance(value, type) and not hasattr(value, '__class_getitem__'):
                if value.__module__ == module.__name__:
                    value.__class_getitem__ = classmethod(lambda cls, _: cls)


if os.environ.get('GATEHOUSE_SUITE_NEWER'):
    choice_of_threads()
    classes_with_parameters()

if os.environ.get('GATEHOUSE_SUITE_CONF'):
    from oslo_config import cfg

    cfg.CONF([], project='castellan', default_config_files=[os.environ['GATEHOUSE_SUITE_CONF']])
