#if ServiceLifecycle
    public import ServiceLifecycle

    /// With the package's trait `ServiceLifecycle`. A graceful shutdown ends ``FirnClient/run()`` as a cancellation does. A
    /// service group stops its services in the reverse of their order, so put the client before the services that use it.
    extension FirnClient: Service {}
#endif
