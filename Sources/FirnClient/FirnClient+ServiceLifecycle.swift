#if ServiceLifecycle
    public import ServiceLifecycle

    /// Behind the package's trait `ServiceLifecycle`. A graceful shutdown ends ``FirnClient/run()`` as a cancellation
    /// does; a service group stops its services in the reverse of their order, so name the client before those that use it.
    extension FirnClient: Service {}
#endif
